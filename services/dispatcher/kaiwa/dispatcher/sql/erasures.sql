-- name: intents_of_mids(account_id, mids)
-- Requests of ours that became one of these messages.
select distinct intent_id from dispatcher.parts where account_id = :account_id and mid = any(:mids::text[]);

-- name: intents_of_customer(account_id, customer_id, cutoff)
select intent_id from dispatcher.intents
where account_id = :account_id and (:customer_id::text is null or customer_id = :customer_id::text)
    and requested_at <= :cutoff;

-- name: lock_queued(ids)
-- Requests of erased content that nobody has begun to send.
select i.intent_id, i.account_id, i.customer_id, i.started, i.pieces_sent
from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
where i.intent_id = any(:ids::text[]) and i.state = 'queued'
order by i.account_id, i.customer_id
for update of c, i;

-- name: drop_content_of(ids)
delete from dispatcher.contents where intent_id = any(:ids::text[]) returning intent_id;

-- name: drop_erased_contents()!
-- Of requests that were taken in beside the order that erased them, or after it: they are refused at
-- their turn, and what was refused would keep its content for the grace. Kafka keeps requests for a day.
delete from dispatcher.contents as t
using dispatcher.conversations as c, dispatcher.intents as i
where c.erased_before > now() - interval '2 days'
    and i.account_id = c.account_id and i.customer_id = c.customer_id
    and i.requested_at <= c.erased_before and t.intent_id = i.intent_id;

-- name: drop_hashes_of(ids)!
-- What is in doubt keeps its keyed hash until it is settled.
update dispatcher.parts set content_hash = null
where intent_id = any(:ids::text[]) and content_hash is not null and state not in ('sending', 'in_doubt');

-- name: customers_of(account_id)
select customer_id from dispatcher.conversations where account_id = :account_id;

-- name: drop_echoes(account_id, customer_id)!
delete from dispatcher.echoes where account_id = :account_id and customer_id = :customer_id;

-- name: holdings()
-- Whose content is here: of requests, with the messages they became, and the fingerprints of echoes.
select i.account_id, i.customer_id, p.mid
from dispatcher.contents as c
join dispatcher.intents as i using (intent_id)
left join dispatcher.parts as p using (intent_id)
union
select account_id, customer_id, null from dispatcher.door_requests where fingerprint is not null
union
select account_id, customer_id, mid from dispatcher.echoes where content_hash is not null;
