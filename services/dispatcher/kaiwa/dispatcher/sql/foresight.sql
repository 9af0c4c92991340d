-- name: held_by_platform(most)
-- Who waits for the end of their account's pause and was not told so, also where Meta was being asked something for them;
-- each row as its next outcome reports it.
with held as (
    select i.intent_id
    from dispatcher.accounts as a
    cross join lateral (
        select i.intent_id from dispatcher.intents as i
        where i.account_id = a.account_id and i.state = 'queued'
            and (i.reason is null or i.reason = 'state_stale') and i.due_at <= clock_timestamp()
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

-- name: lanes(many)
-- Every account, bucket and lane of which something may go, found by skipping from one to the next: how many wait in it, up
-- to so many, the first deadline in it, and the first time at which something of the account expires; and what its turns
-- depend on.
with recursive found as (
    (
        select account_id, next_bucket, next_lane, next_deadline from dispatcher.conversations
        where in_flight is null and next_lane is not null
        order by account_id, next_bucket, next_lane, next_deadline
        limit 1
    )
    union all
    select n.* from found as f cross join lateral (
        select c.account_id, c.next_bucket, c.next_lane, c.next_deadline from dispatcher.conversations as c
        where c.in_flight is null and c.next_lane is not null
            and (c.account_id, c.next_bucket, c.next_lane) > (f.account_id, f.next_bucket, f.next_lane)
        order by c.account_id, c.next_bucket, c.next_lane, c.next_deadline
        limit 1
    ) as n
)
select f.account_id, f.next_bucket as bucket, f.next_lane as rank, f.next_deadline as first_deadline,
    n.waiting, e.expires_at as first_expiry, a.limits, a.login, a.paused_until, b.tat, t.now,
    case when f.next_lane = 0 then (
        select count(*) from dispatcher.intents as i
        where i.account_id = f.account_id and i.bucket = f.next_bucket and i.state = 'claimed' and i.lane_rank > 0
    ) else 0 end as yielding
from found as f
cross join (select clock_timestamp() as now) as t
join dispatcher.accounts as a using (account_id)
left join dispatcher.buckets as b on b.account_id = f.account_id and b.class = f.next_bucket
cross join lateral (
    select count(*) as waiting from (
        select from dispatcher.conversations as c
        where c.in_flight is null and c.account_id = f.account_id and c.next_bucket = f.next_bucket
            and c.next_lane = f.next_lane
        order by c.next_deadline  -- by the index that holds nothing else
        limit :many
    ) as c
) as n
left join lateral (
    select i.expires_at from dispatcher.intents as i
    where i.account_id = f.account_id and i.state = 'queued' and i.expires_at is not null
    order by i.expires_at
    limit 1
) as e on true;

-- name: late(account_id, bucket, rank, floor, first, each, free, until, margin, far, most)
-- Who may end before their turn, in the order in which they will go, with how many take a turn before them: those whose
-- conversation tells of nothing that might keep them or end them before (`counts`). And what may end behind such a head, in
-- its conversation (`behind`).
with waiting as (
    select c.customer_id, c.next_deadline,
        case
            when c.next_bucket = 'private_reply' or c.next_deadline - c.window_opened_at in ('24 hours', '7 days')
            then c.next_deadline - :margin::interval
            else c.next_deadline
        end as ends,
        coalesce(
            (r.reply or c.window_opened_at > :floor::timestamptz - r.window_length)
            and (c.next_lane = 0 or not c.escalated and (c.human_until is null or c.human_until <= clock_timestamp()))
            and (c.suppressed_at is null or c.suppressed_at < c.last_customer_at)
            and (c.control = 'ours' or c.control is null and (r.reply or a.default_app))
            and c.erased_before is null,
            false
        ) as counts
    from (
        select * from dispatcher.conversations as c
        where c.in_flight is null and c.account_id = :account_id and c.next_bucket = :bucket
            and c.next_lane = :rank::smallint and c.next_deadline < :until::timestamptz
        order by c.next_deadline, c.customer_id
        limit :far
    ) as c
    join dispatcher.accounts as a using (account_id)
    cross join lateral (
        select c.next_bucket in ('private_reply', 'live_reply') as reply,
            case c.next_lane when 0 then interval '7 days' else interval '24 hours' end as window_length
    ) as r
), placed as (
    select w.*, count(*) filter (where w.counts) over (
            order by w.next_deadline, w.customer_id rows between unbounded preceding and 1 preceding
        ) as ahead
    from waiting as w
), timed as (
    select p.*, case
            when p.ahead < :free::bigint then :floor::timestamptz
            else greatest(:floor::timestamptz, :first::timestamptz + (p.ahead - :free::bigint) * :each::interval)
        end as turn
    from placed as p
), heads as (
    select t.customer_id, t.next_deadline, t.ahead, t.counts, null::text as behind
    from timed as t where t.turn > t.ends order by t.ahead, t.next_deadline, t.customer_id limit :most
), following as (
    select t.customer_id, t.next_deadline, t.ahead, t.counts, i.intent_id, i.account_id, i.lane_rank, i.position
    from heads as t
    join dispatcher.intents as i on i.account_id = :account_id and i.customer_id = t.customer_id
    where i.state = 'queued' and not i.started and i.due_at <= clock_timestamp()
    union
    select t.customer_id, t.next_deadline, t.ahead, t.counts, i.intent_id, i.account_id, i.lane_rank, i.position
    from dispatcher.intents as i
    join timed as t on t.customer_id = i.customer_id and t.turn > i.expires_at
    where i.account_id = :account_id and i.expires_at < (select max(turn) from timed)
        and i.state = 'queued' and not i.started and i.due_at <= clock_timestamp()
), behind as (
    select f.customer_id, f.next_deadline, f.ahead, f.counts, f.intent_id as behind
    from following as f
    where exists (
        select from dispatcher.intents as h
        where h.account_id = f.account_id and h.customer_id = f.customer_id and h.state = 'queued'
            and (h.started or h.due_at <= clock_timestamp() and (h.lane_rank, h.position) < (f.lane_rank, f.position))
    )
    order by f.ahead
    limit :most
)
select * from heads union all select * from behind;

-- name: lock_lane(account_id, bucket, rank, customers, deadlines)
-- Those of them that stand where they stood, and that nobody else is at.
select c.customer_id
from unnest(:customers::text[], :deadlines::timestamptz[]) as k(customer_id, deadline)
join dispatcher.conversations as c on c.account_id = :account_id and c.customer_id = k.customer_id
where c.in_flight is null and c.next_bucket = :bucket and c.next_lane = :rank::smallint and c.next_deadline = k.deadline
order by c.account_id, c.customer_id
for update of c skip locked;

-- name: still_queued(ids)
select intent_id from dispatcher.intents where intent_id = any(:ids::text[]) and state = 'queued';

-- name: expiring(most)
-- What expires before the platform lets its account send again, wherever it stands.
select i.intent_id, i.account_id, i.customer_id, i.started, a.paused_until, clock_timestamp() as now
from dispatcher.accounts as a
cross join lateral (
    select * from dispatcher.intents as i
    where i.account_id = a.account_id and i.state = 'queued' and i.expires_at < a.paused_until and not i.started
    order by i.expires_at
    limit :most
) as i
join dispatcher.conversations as c on c.account_id = i.account_id and c.customer_id = i.customer_id
where a.paused_until > clock_timestamp() and c.in_flight is null
limit :most
for update of c skip locked;

-- name: scheduled(most)
-- Requests for later that nobody has judged, once all is known that was written before they were asked for.
select
    i.intent_id, i.author_kind, i.content_kind, i.lane_rank, i.due_at, i.requested_at, i.expires_at, i.started,
    i.comment_id, g.seen_at as comment_seen_at, g.live as comment_live, g.used_by, g.created_at as comment_created_at,
    g.looked_at as comment_looked_at, i.thread_control, i.events_end, s.*
from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
left join dispatcher.comments as g on g.account_id = i.account_id and g.comment_id = i.comment_id
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
