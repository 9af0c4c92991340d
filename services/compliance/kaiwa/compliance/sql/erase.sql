-- From a case to its end. Every query that takes work locks it, so that any number of processes may run these.

-- name: targets_to_send(most)
select t.erasure_id, t.topic, t.partition, t.key, c.reason, c.cause
from compliance.targets t join compliance.cases c using (erasure_id)
where t.sent_at is null
order by c.received_at limit :most
for update of t skip locked;

-- name: mark_sent(erasure_ids, topics, partitions, keys, bound)!
-- Of a case that was verified before, this record is looked for once more.
update compliance.targets t set sent_at = clock_timestamp(),
    check_at = case when c.state in ('verified', 'closed') then clock_timestamp() + :bound::interval end
from unnest(:erasure_ids::text[], :topics::text[], :partitions::int[], :keys::bytea[])
    as s (erasure_id, topic, partition, key), compliance.cases c
where (t.erasure_id, t.topic, t.partition, t.key) = (s.erasure_id, s.topic, s.partition, s.key)
    and c.erasure_id = t.erasure_id;

-- name: cases_to_order(gathering, most)
-- Late copies of a customer or an account gather for a while: one order is enough for them.
select erasure_id, scope, account_id, customer_id, mid, cutoff, reason, due_at, received_at
from compliance.cases
where state = 'received' and ordered_at is null
    and (reason <> 'late_copy' or scope = 'message' or received_at <= now() - :gathering::interval)
order by received_at limit :most for update skip locked;

-- name: mark_ordered(erasure_ids)!
update compliance.cases set ordered_at = clock_timestamp() where erasure_id = any(:erasure_ids::text[]);

-- name: cases_tombstoned(most)
-- Ordered, searched for where that was needed, and every tombstone acknowledged.
select c.erasure_id, c.scope, c.account_hash, c.customer_hash, c.mid_hash, c.nonce, c.cutoff, c.appended_at,
    (select count(*) from compliance.targets t where t.erasure_id = c.erasure_id) as targets
from compliance.cases c
where c.state = 'received' and c.ordered_at is not null
    and (c.scope = 'message' or c.located_at is not null)
    and not exists (select from compliance.targets t where t.erasure_id = c.erasure_id and t.sent_at is null)
order by c.received_at limit :most for update of c skip locked;

-- name: mark_tombstoned(erasure_ids, bound)!
update compliance.cases
set state = 'tombstoned', tombstoned_at = clock_timestamp(), check_at = clock_timestamp() + :bound::interval
where erasure_id = any(:erasure_ids::text[]);

-- name: cases_to_close(holders, most)
-- Verified, and every holder said that it deleted or had nothing.
select c.erasure_id, c.scope, c.account_hash, c.customer_hash, c.mid_hash, c.nonce, c.cutoff, c.reason, c.due_at,
    c.verified_at
from compliance.cases c
where c.state = 'verified' and not exists (
    select from (
        select holder from compliance.duties d where d.erasure_id = c.erasure_id
        union select unnest(:holders::text[])) as owing
    where not exists (
        select from compliance.receipts r
        where r.erasure_id = c.erasure_id and r.holder = owing.holder and r.status <> 'failed'))
order by c.received_at limit :most for update of c skip locked;

-- name: mark_closed(erasure_ids)!
update compliance.cases
set state = 'closed', closed_at = clock_timestamp(), account_id = null, customer_id = null, mid = null
where erasure_id = any(:erasure_ids::text[]);

-- name: finish_requests()
-- Done when all that followed from it is; whom it was about goes with that.
update compliance.requests r
set state = 'done', finished_at = clock_timestamp(), app_id = null, user_id = null, account_id = null,
    customer_id = null
where r.state = 'in_progress'
    and exists (select from compliance.cases c where c.request = r.code)
    and not exists (select from compliance.cases c where c.request = r.code and c.state <> 'closed')
returning r.source, extract(epoch from r.finished_at - r.received_at)::float8 as seconds;

-- name: open_cases()
-- `unread`: since the oldest of those was recorded of which nobody has read yet that nothing is left; or, of what came
-- again meanwhile, since then.
select scope, count(*) as cases, extract(epoch from clock_timestamp() - min(received_at))::float8 as age,
    extract(
        epoch from clock_timestamp() - min(greatest(appended_at, unread_since)) filter (where state in ('received', 'tombstoned'))
    )::float8 as unread
from compliance.cases where state <> 'closed' group by scope;

-- name: cases_to_locate(most)
select erasure_id, account_id, customer_id, mid, cutoff from compliance.cases
where state <> 'closed' and scope <> 'message' and located_at is null
order by received_at limit :most;

-- name: begin_search(erasure_ids)!
update compliance.cases set awaits_search = false where erasure_id = any(:erasure_ids::text[]) and awaits_search;

-- name: mark_located(erasure_ids)!
update compliance.cases set located_at = clock_timestamp() where erasure_id = any(:erasure_ids::text[]);

-- name: check_sooner(bound)!
update compliance.cases set check_at = clock_timestamp() + :bound::interval
where state = 'tombstoned' and check_at > clock_timestamp() + :bound::interval;

-- name: moment()$
select now();

-- name: cases_to_verify(most)
select erasure_id, account_id, customer_id, mid, cutoff from compliance.cases
where state = 'tombstoned' and check_at <= now()
order by check_at limit :most;

-- name: targets_of(erasure_ids)
select erasure_id, topic, partition, key from compliance.targets where erasure_id = any(:erasure_ids::text[]);

-- name: targets_to_check(most)
-- Tombstoned again after their case had been verified.
select erasure_id, topic, partition, key from compliance.targets
where check_at <= now() and sent_at is not null order by check_at limit :most;

-- name: mark_checked(erasure_ids, topics, partitions, keys, looked_at)
-- Not those that came once more meanwhile, whose next look may be due by now: this one does not speak of them.
with checked as (
    update compliance.targets t set check_at = null
    from unnest(:erasure_ids::text[], :topics::text[], :partitions::int[], :keys::bytea[])
        as s (erasure_id, topic, partition, key)
    where (t.erasure_id, t.topic, t.partition, t.key) = (s.erasure_id, s.topic, s.partition, s.key)
        and t.sent_at is not null and t.check_at <= :looked_at
    returning t.erasure_id
)
select erasure_id, account_hash, mid_hash, nonce from compliance.cases
where erasure_id in (select erasure_id from checked);

-- name: note_found(erasure_ids)
update compliance.cases set found = found + 1 where erasure_id = any(:erasure_ids::text[])
returning erasure_id, account_hash, mid_hash, nonce;

-- name: mark_verified(erasure_id, looked_at)^
-- Not one that was tombstoned again meanwhile, as a record of it came once more: this look may have ended before that one.
update compliance.cases set state = 'verified', verified_at = clock_timestamp()
where erasure_id = :erasure_id and state = 'tombstoned' and check_at <= :looked_at
returning erasure_id, account_hash, mid_hash, nonce, appended_at;

-- name: mark_found(erasure_id)^
-- Back to the start: its tombstones are written again, and the log is read again after another bound. What was found was
-- there, whatever came meanwhile.
update compliance.cases set state = 'received', tombstoned_at = null, check_at = null, found = found + 1
where erasure_id = :erasure_id and state = 'tombstoned'
returning erasure_id, account_hash, mid_hash, nonce, appended_at;
