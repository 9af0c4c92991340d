-- Lanes: what may be sent now is found per account, bucket and lane, by deadline, whatever stands behind it.

-- When the head of the queue has to be chosen anew: something falls due then. Until it does, next_lane is null.
alter table conversations add column wake_at timestamptz;
update conversations set wake_at = next_due where next_due is not null;

create index conversations_ready on conversations (account_id, next_bucket, next_lane, next_deadline)
    where in_flight is null and next_lane is not null;
create index conversations_waking on conversations (wake_at) where wake_at is not null;
drop index conversations_due;

-- The head of a queue and the next one to fall due, without looking at what stands between.
create index intents_started on intents (account_id, customer_id) where state = 'queued' and started;
create index intents_due on intents (account_id, customer_id, due_at) where state = 'queued';

-- The slot of a claim that is not committed to: a person's message may take it over.
alter table intents add column slot_at timestamptz;
create index intents_slotted on intents (account_id, bucket, slot_at) where state = 'claimed';
