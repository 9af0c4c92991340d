-- Requests for later, until it was judged whether they can be legal then.
alter table intents add column ahead boolean not null default false;
create index intents_ahead on intents (account_id, customer_id) where ahead;
