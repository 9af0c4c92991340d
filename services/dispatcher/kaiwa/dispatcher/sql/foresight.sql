-- name: held_by_platform(most)
-- Who waits for the end of their account's pause and was not told so; each row as its next outcome reports it.
with held as (
    select i.intent_id
    from dispatcher.accounts as a
    cross join lateral (
        select i.intent_id from dispatcher.intents as i
        where i.account_id = a.account_id and i.state = 'queued' and i.reason is null
            and i.due_at <= clock_timestamp()
        limit :most
        for update skip locked
    ) as i
    where a.paused_until > clock_timestamp() and a.state = 'active'
    limit :most
)
update dispatcher.intents as i set reason = 'paused_by_platform', seq = i.seq + 1
from held where i.intent_id = held.intent_id
returning i.intent_id, i.seq, i.request_id, i.account_id, i.customer_id, i.comment_id, i.addressee, i.evidence, i.tag,
    i.disclosure, i.author_kind, i.lane, i.attempt, i.window_closes_at, i.error, i.traceparent, i.content_kind,
    i.requested_at, clock_timestamp() as now;

-- name: crowds(least)
-- Lanes of automated messages in which more conversations wait than that, for calls that are not paused.
select c.account_id, c.next_bucket as bucket, c.next_lane as rank, a.limits, a.login, clock_timestamp() as now
from (
    select account_id, next_bucket, next_lane from dispatcher.conversations
    where in_flight is null and next_lane > 0
    group by account_id, next_bucket, next_lane
    having count(*) > :least
) as c
join dispatcher.accounts as a using (account_id)
where a.paused_until is null or a.paused_until <= clock_timestamp();

-- name: deadlines(account_id, bucket, rank, most)
-- In the order in which they will go.
select customer_id, next_deadline from dispatcher.conversations
where in_flight is null and account_id = :account_id and next_bucket = :bucket and next_lane = :rank
order by next_deadline
limit :most;

-- name: lock_free(account_id, customers)
-- Those of them that nobody else is at.
select customer_id from dispatcher.conversations
where account_id = :account_id and customer_id = any(:customers::text[]) and in_flight is null and next_lane > 0
order by account_id, customer_id
for update skip locked;

-- name: scheduled(most)
-- Requests for later that nobody has judged, once all is known that was written before they were asked for.
select
    i.intent_id, i.author_kind, i.content_kind, i.lane_rank, i.due_at, i.requested_at, i.expires_at, i.started,
    i.comment_id, i.thread_control, null::timestamptz as comment_seen_at, s.*
from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
cross join lateral (
    select * from dispatcher.standings as s
    where s.account_id = i.account_id and s.customer_id = i.customer_id limit 1
) as s
where i.ahead and i.state = 'queued' and s.fresh_at > i.requested_at
order by i.account_id, i.customer_id
limit :most
for update of c, i skip locked;

-- name: looked_ahead(ids)!
update dispatcher.intents set ahead = false where intent_id = any(:ids::text[]);
