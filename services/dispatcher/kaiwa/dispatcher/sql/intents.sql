-- name: take_in(rows, kept, sealed, told, topic, keys, outcomes, headers, measured)
-- New requests only, each with its content and its first outcome; of one that is known already everything stays as it
-- is. Their conversations are locked when it returns, in one order: who updates nothing locks all the same.
with new as (
    insert into dispatcher.intents (
        intent_id, account_id, request_id, customer_id, author_kind, lane, content_kind, pieces, state, reason, error,
        requested_at, due_at, next_at, expires_at, traceparent, finished_at, bucket, comment_id,
        addressee, thread_control, seq, events_end, ahead
    )
    select
        intent_id, account_id, request_id, customer_id, author_kind, lane, content_kind, pieces, state, reason, error,
        requested_at, due_at, due_at, expires_at, traceparent, finished_at, bucket, comment_id,
        addressee, thread_control, seq, events_end, state = 'queued' and due_at > clock_timestamp()
    from jsonb_to_recordset(:rows::jsonb) as r(
        ordinal integer, intent_id text, account_id text, request_id text, customer_id text, author_kind text, lane text,
        content_kind text, pieces smallint, state text, reason text, error jsonb, requested_at timestamptz,
        due_at timestamptz, expires_at timestamptz, traceparent text, finished_at timestamptz, bucket text,
        comment_id text, addressee text, thread_control jsonb, seq integer, events_end bigint
    )
    order by ordinal
    on conflict do nothing
    returning intent_id
), stored as (
    insert into dispatcher.contents (intent_id, sealed)
    select intent_id, k.sealed from unnest(:kept::text[], :sealed::bytea[]) as k(intent_id, sealed) join new using (intent_id)
), said as (
    insert into dispatcher.outbox (topic, key, value, headers, measured)
    select :topic, r.key, r.value, r.headers::jsonb, r.measured::jsonb
    from unnest(:told::text[], :keys::bytea[], :outcomes::bytea[], :headers::text[], :measured::text[])
        with ordinality as r(intent_id, key, value, headers, measured, ordinal)
    join new using (intent_id)
    order by r.ordinal
), rooms as (
    insert into dispatcher.conversations (account_id, customer_id, partition)
    select distinct r.account_id, r.customer_id, r.partition
    from jsonb_to_recordset(:rows::jsonb) as r(intent_id text, account_id text, customer_id text, partition integer)
    join new using (intent_id)
    where r.customer_id is not null
    order by r.account_id, r.customer_id
    on conflict (account_id, customer_id) do update set partition = excluded.partition where false
)
select intent_id from new;

-- name: waking(most)
-- Conversations of which something has fallen due. By now(): no index can be asked about clock_timestamp(), which moves.
select account_id, customer_id from dispatcher.conversations
where wake_at <= now() and in_flight is null
order by wake_at
limit :most
for update skip locked;

-- name: anything_wakes()$
select exists (select from dispatcher.conversations where wake_at <= now() and in_flight is null);

-- name: all_queues(many)
-- Every account, bucket and lane of which something may go, found by skipping from one to the next.
with recursive found as (
    (
        select account_id, next_bucket, next_lane from dispatcher.conversations
        where in_flight is null and next_lane is not null
        order by account_id, next_bucket, next_lane
        limit 1
    )
    union all
    select n.* from found as f cross join lateral (
        select c.account_id, c.next_bucket, c.next_lane from dispatcher.conversations as c
        where c.in_flight is null and c.next_lane is not null
            and (c.account_id, c.next_bucket, c.next_lane) > (f.account_id, f.next_bucket, f.next_lane)
        order by c.account_id, c.next_bucket, c.next_lane
        limit 1
    ) as n
)
select f.account_id, f.next_bucket as bucket, f.next_lane as rank, n.waiting
from found as f
join dispatcher.accounts as a using (account_id)
cross join lateral (
    select count(*) as waiting from (
        select from dispatcher.conversations as c
        where c.in_flight is null and c.account_id = f.account_id and c.next_bucket = f.next_bucket
            and c.next_lane = f.next_lane
        limit :many
    ) as c
) as n
where a.paused_until is null or a.paused_until <= clock_timestamp();

-- name: queues(accounts, many)
-- The same of some accounts.
select c.account_id, c.next_bucket as bucket, c.next_lane as rank, count(*) as waiting
from unnest(:accounts::text[]) as k(account_id)
join dispatcher.accounts as a using (account_id)
cross join (values ('text'), ('media'), ('private_reply'), ('live_reply')) as b(bucket)
cross join generate_series(0, 2) as l(rank)
cross join lateral (
    select c.account_id, c.next_bucket, c.next_lane from dispatcher.conversations as c
    where c.in_flight is null and c.account_id = k.account_id and c.next_bucket = b.bucket and c.next_lane = l.rank
    limit :many
) as c
where a.paused_until is null or a.paused_until <= clock_timestamp()
group by c.account_id, c.next_bucket, c.next_lane;

-- name: lock_ready(accounts, buckets, ranks, mosts)
-- So many conversations of each queue that is not paused, the earliest deadline first, and the buckets of those that were found, as
-- lock_buckets does it.
with ready as (
    select c.account_id, c.customer_id, c.next_bucket as bucket, c.next_lane as rank
    from unnest(:accounts::text[], :buckets::text[], :ranks::smallint[], :mosts::integer[])
        as q(account_id, bucket, rank, most)
    join dispatcher.accounts as a on a.account_id = q.account_id
        and (a.paused_until is null or a.paused_until <= clock_timestamp())
    cross join lateral (
        select c.account_id, c.customer_id, c.next_bucket, c.next_lane from dispatcher.conversations as c
        where c.in_flight is null and c.account_id = q.account_id and c.next_bucket = q.bucket and c.next_lane = q.rank
            and c.next_due <= clock_timestamp()
        order by c.next_deadline
        limit q.most
        for update skip locked
    ) as c
), made as (
    insert into dispatcher.buckets (account_id, class, tat)
    select distinct account_id, bucket, 'epoch'::timestamptz from ready order by account_id, bucket
    on conflict (account_id, class) do update set tat = buckets.tat
    returning account_id, class, tat
)
select ready.*, made.class, made.tat, a.limits, a.login, a.percent, a.resumed_at, clock_timestamp() as now
from ready
join made on made.account_id = ready.account_id and made.class = ready.bucket
cross join lateral (select * from dispatcher.paces as p where p.account_id = ready.account_id limit 1) as a;

-- name: lock_standing(accounts, customers)
-- Those of these conversations in which nothing is on its way and which nobody else has.
select c.account_id, c.customer_id, c.next_bucket as bucket
from unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id)
join dispatcher.conversations as c using (account_id, customer_id)
where c.in_flight is null
order by c.account_id, c.customer_id
for update of c skip locked;

-- name: heads(accounts, customers)
-- The request to send in each conversation: a unit that has begun, else by lane, else in intake order. One that is
-- due and may not be looked at yet keeps its place.
select
    i.intent_id, i.author_kind, i.content_kind, i.bucket, i.lane_rank, i.due_at, i.requested_at, i.expires_at, i.reason,
    i.started, i.comment_id, g.customer_id as commenter, g.seen_at as comment_seen_at,
    g.live as comment_live, g.used_by, g.created_at as comment_created_at,
    g.looked_at as comment_looked_at, i.thread_control, i.events_end, i.lane, i.pieces, i.pieces_sent, i.traceparent, t.sealed, s.*,
    clock_timestamp() as now
from unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id)
cross join lateral (
    select * from (
        (
            select * from dispatcher.intents as i
            where i.account_id = k.account_id and i.customer_id = k.customer_id and i.state = 'queued' and i.started
            limit 1
        )
        union all
        (
            select * from dispatcher.intents as i
            where i.account_id = k.account_id and i.customer_id = k.customer_id and i.state = 'queued'
                and i.due_at <= clock_timestamp()
            order by i.lane_rank, i.position
            limit 1
        )
    ) as i
    order by i.started desc
    limit 1
) as i
cross join lateral (
    select * from dispatcher.standings as s
    where s.account_id = k.account_id and s.customer_id = k.customer_id limit 1
) as s
left join lateral (select t.sealed from dispatcher.contents as t where t.intent_id = i.intent_id limit 1) as t on true
left join dispatcher.comments as g on g.account_id = i.account_id and g.comment_id = i.comment_id
where i.started or i.next_at <= clock_timestamp();

-- name: claim(lease, ids, slots, refused, parts, accounts, classes, tats, tolerances)
-- Each for the length of the lease, and its conversation with it, but for what was refused meanwhile; the buckets move on by
-- the slots that were given. Those with a part are begun at once, as begin_parts does it.
with moved as (
    update dispatcher.buckets as b set tat = k.tat, tolerance = k.tolerance
    from unnest(:accounts::text[], :classes::text[], :tats::timestamptz[], :tolerances::interval[])
        as k(account_id, class, tat, tolerance)
    where b.account_id = k.account_id and b.class = k.class
), part as (
    select * from jsonb_to_recordset(:parts::jsonb) as r(
        intent_id text, tag text, window_closes_at timestamptz, kind text, covers smallint, disclosure jsonb,
        content_hash text
    )
), claimed as (
    update dispatcher.intents as i
    set state = case when k.begins then 'sending' else 'claimed' end, fence = nextval('dispatcher.fences'),
        lease_until = clock_timestamp() + :lease::interval, slot_at = k.slot_at, started = i.started or k.begins,
        attempt = i.attempt + k.begins::integer, tag = case when k.begins then k.tag else i.tag end,
        window_closes_at = case when k.begins then k.window_closes_at else i.window_closes_at end
    from (
        select c.intent_id, c.slot_at, part.intent_id is not null as begins, part.tag, part.window_closes_at
        from unnest(:ids::text[], :slots::timestamptz[]) as c(intent_id, slot_at)
        left join part using (intent_id)
        where c.intent_id <> all(:refused::text[])
    ) as k
    where i.intent_id = k.intent_id and i.state = 'queued'
    returning i.intent_id, i.fence, i.account_id, i.customer_id
), held as (
    update dispatcher.conversations as c set in_flight = k.intent_id
    from claimed as k where c.account_id = k.account_id and c.customer_id = k.customer_id
), begun as (
    insert into dispatcher.parts (
        intent_id, n, account_id, customer_id, state, kind, covers, disclosure, content_hash, called_at
    )
    select
        c.intent_id, 1 + (select count(*) from dispatcher.parts as p where p.intent_id = c.intent_id),
        c.account_id, c.customer_id, 'sending', part.kind, part.covers, part.disclosure,
        decode(part.content_hash, 'hex'), clock_timestamp()
    from claimed as c
    join part using (intent_id)
    returning intent_id, part_id
)
select intent_id, fence, part_id from claimed left join begun using (intent_id);

-- name: yielding(account_id, bucket, committed, most)
-- Claims of automated messages that nobody is about to commit to, those with the earliest slots first.
select i.intent_id, i.account_id, i.customer_id, i.slot_at
from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
where i.account_id = :account_id and i.bucket = :bucket and i.state = 'claimed' and i.lane_rank > 0
    and i.slot_at > clock_timestamp() + :committed::interval
order by i.slot_at
limit :most
for update of c, i skip locked;

-- name: give_way(ids)!
-- Back to their places in the queue: the claim's fence is gone.
with given as (
    update dispatcher.intents as i set state = 'queued', fence = null, lease_until = null, slot_at = null
    where i.intent_id = any(:ids::text[])
    returning i.intent_id, i.account_id, i.customer_id
)
update dispatcher.conversations as c set in_flight = null
from given as g
where c.account_id = g.account_id and c.customer_id = g.customer_id and c.in_flight = g.intent_id;

-- name: lock_claimed(ids, fences)
-- The claims that still hold; their conversations stay locked until `sending` is committed.
select i.intent_id, i.fence
from dispatcher.intents as i
join unnest(:ids::text[], :fences::bigint[]) as k(intent_id, fence) using (intent_id, fence)
join dispatcher.conversations as c using (account_id, customer_id)
where i.state = 'claimed'
order by i.account_id, i.customer_id
for update of c, i;

-- name: claimed(ids)
-- What a decision needs just before the call. Lookups by key, one after the other: with a limit each stays one, whatever
-- the planner thinks of tables that it has no or old statistics of.
select
    i.intent_id, i.author_kind, i.content_kind, i.bucket, i.lane, i.lane_rank, i.due_at, i.requested_at, i.expires_at, i.reason, i.pieces,
    i.pieces_sent, i.started, i.comment_id, i.traceparent, g.seen_at as comment_seen_at, g.live as comment_live, g.used_by, t.sealed,
    g.created_at as comment_created_at, g.looked_at as comment_looked_at, i.thread_control, i.events_end, s.*,
    clock_timestamp() as now
from dispatcher.intents as i
cross join lateral (
    select * from dispatcher.standings as s
    where s.account_id = i.account_id and s.customer_id = i.customer_id limit 1
) as s
left join lateral (select t.sealed from dispatcher.contents as t where t.intent_id = i.intent_id limit 1) as t on true
left join dispatcher.comments as g on g.account_id = i.account_id and g.comment_id = i.comment_id
where i.intent_id = any(:ids::text[])
order by i.account_id, i.comment_id;

-- name: begin_parts(lease, rows)
with begun as (
    update dispatcher.intents as i
    set state = 'sending', started = true, attempt = i.attempt + 1, tag = r.tag,
        lease_until = clock_timestamp() + :lease::interval, window_closes_at = r.window_closes_at
    from jsonb_to_recordset(:rows::jsonb) as r(intent_id text, tag text, window_closes_at timestamptz)
    where i.intent_id = r.intent_id
    returning i.intent_id, i.account_id, i.customer_id
)
insert into dispatcher.parts (intent_id, n, account_id, customer_id, state, kind, covers, disclosure, content_hash, called_at)
select
    b.intent_id, 1 + (select count(*) from dispatcher.parts as p where p.intent_id = b.intent_id),
    b.account_id, b.customer_id, 'sending', r.kind, r.covers, r.disclosure, decode(r.content_hash, 'hex'),
    clock_timestamp()
from begun as b
join jsonb_to_recordset(:rows::jsonb) as r(
    intent_id text, kind text, covers smallint, disclosure jsonb, content_hash text
) using (intent_id)
returning intent_id, part_id;

-- name: lock_parts(ids)
-- Parts with their requests, whatever became of them meanwhile; conversations are locked in one order everywhere.
select
    p.part_id, p.state as part_state, p.covers, p.disclosure as part_disclosure, p.called_at,
    i.intent_id, i.account_id, i.customer_id, i.author_kind, i.state, i.reason, i.pieces, i.pieces_sent, i.due_at,
    i.started, i.bucket, i.comment_id, i.retry, i.retries, i.lane, i.thread_control, p.kind,
    clock_timestamp() as now
from dispatcher.parts as p
join dispatcher.intents as i using (intent_id)
join dispatcher.conversations as c on c.account_id = i.account_id and c.customer_id = i.customer_id
where p.part_id = any(:ids::bigint[])
order by i.account_id, i.customer_id
for update of c, i, p;

-- name: settle_part(state, mid, part_id)!
update dispatcher.parts set state = :state, mid = coalesce(:mid, mid) where part_id = :part_id;

-- name: forget_part(counts, part_id)!
-- It never left, or the platform refused it for now: the next attempt is a part of its own.
with gone as (delete from dispatcher.parts where part_id = :part_id returning intent_id)
update dispatcher.intents as i set retries = i.retries + 1 from gone
where i.intent_id = gone.intent_id and :counts::boolean;

-- name: retry_part(part_id)!
-- An attempt that left no trace; the next one is a part of its own.
with lost as (update dispatcher.parts set state = 'lost', retried = true where part_id = :part_id returning intent_id)
update dispatcher.intents as i set retries = i.retries + 1, doubt_since = null from lost where i.intent_id = lost.intent_id;

-- name: parts_of(ids)
-- Without attempts that another one replaced, unless they came through after all.
select intent_id, row_number() over (partition by intent_id order by n) as n, state, mid, covers, disclosure
from dispatcher.parts where intent_id = any(:ids::text[]) and not (retried and state = 'lost')
order by intent_id, n;

-- name: settle_sent(hold, ids, mids)
-- Parts that were sent, the last of their requests, but where another one has the mid (with `exists` all that the account
-- has sent may be read): all of what endings.delivered does for one of them. Echoes that came before the answer which
-- names them are explained.
with part as (
    update dispatcher.parts as p set state = 'sent', mid = k.mid
    from unnest(:ids::bigint[], :mids::text[]) as k(part_id, mid)
    where p.part_id = k.part_id
        and (select o.part_id from dispatcher.parts as o where o.account_id = p.account_id and o.mid = k.mid limit 1) is null
    returning p.part_id, p.account_id, p.intent_id, p.n, p.mid,
        p.disclosure || jsonb_build_object('mid', p.mid) as disclosure
), named as (
    update dispatcher.echoes as e set assigned = 'ours'
    from part as p where e.account_id = p.account_id and e.mid = p.mid and e.assigned is null
), ended as (
    update dispatcher.intents as i set state = 'sent', reason = null, evidence = 'answer', error = null,
        disclosure = coalesce(p.disclosure, i.disclosure), pieces_sent = i.pieces, finished_at = clock_timestamp(),
        fence = null, lease_until = null, doubt_since = null, seq = i.seq + 1
    from part as p where i.intent_id = p.intent_id
    returning i.intent_id, i.seq, i.request_id, i.account_id, i.customer_id, i.comment_id, i.addressee, i.evidence,
        i.tag, i.disclosure, i.author_kind, i.lane, i.attempt, i.window_closes_at, i.error, i.traceparent,
        i.content_kind, i.requested_at, i.finished_at as now, p.part_id, p.n, p.mid,
        p.disclosure is not null as disclosed
), room as (
    update dispatcher.conversations as c set in_flight = nullif(c.in_flight, e.intent_id),
        last_automated_at = case
            when e.author_kind = 'automation' then greatest(c.last_automated_at, e.now) else c.last_automated_at
        end,
        last_human_at = case when e.author_kind = 'human' then greatest(c.last_human_at, e.now) else c.last_human_at end,
        human_until = case
            when e.author_kind <> 'human' or c.released_at >= e.now then c.human_until
            else greatest(c.human_until, dispatcher.held_until(c.account_id, e.now, :hold::interval))
        end,
        disclosed_at = case when e.disclosed then greatest(c.disclosed_at, e.now) else c.disclosed_at end
    from ended as e where c.account_id = e.account_id and c.customer_id = e.customer_id
)
select * from ended;

-- name: advance(pieces_sent, disclosure, evidence, state, lease, intent_id)!
-- A piece is delivered; the holder of the claim goes on with the next one.
update dispatcher.intents set pieces_sent = :pieces_sent, disclosure = coalesce(:disclosure::jsonb, disclosure),
    evidence = :evidence, state = :state, doubt_since = null, retries = 0, lease_until = clock_timestamp() + :lease::interval,
    next_at = clock_timestamp()
where intent_id = :intent_id;

-- name: requeue(next_at, due_at, reason, intent_id)!
update dispatcher.intents set state = 'queued', next_at = :next_at, due_at = :due_at, reason = :reason, fence = null,
    lease_until = null, started = exists (
        select from dispatcher.parts as p where p.intent_id = intents.intent_id and not p.retried
    )
where intent_id = :intent_id;

-- name: doubt(error, retry, intent_id)!
update dispatcher.intents set state = 'in_doubt', retry = :retry, doubt_since = clock_timestamp(), fence = null, lease_until = null,
    error = coalesce(:error::jsonb, error)
where intent_id = :intent_id;

-- name: finish(state, reason, evidence, error, disclosure, pieces_sent, intent_id)!
-- What failed keeps the error that it is in doubt for.
update dispatcher.intents set state = :state, reason = :reason, evidence = coalesce(:evidence, evidence),
    error = coalesce(:error::jsonb, case when :state = 'failed' then error end), disclosure = coalesce(:disclosure::jsonb, disclosure), pieces_sent = coalesce(:pieces_sent, pieces_sent),
    finished_at = clock_timestamp(), fence = null, lease_until = null, doubt_since = null
where intent_id = :intent_id;

-- name: next_seq(intent_id)^
-- The row as its next outcome reports it.
update dispatcher.intents set seq = seq + 1 where intent_id = :intent_id
returning intent_id, seq, request_id, account_id, customer_id, comment_id, addressee, evidence, tag, disclosure, author_kind, lane, attempt,
    window_closes_at, error, traceparent, content_kind, requested_at, clock_timestamp() as now;

-- name: leases_over()
-- Claims and calls whose process is gone; the conversation is locked like everywhere.
select i.intent_id, i.state, i.account_id, i.customer_id, i.content_kind as kind, i.next_at, i.due_at, i.reason
from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
where i.state in ('claimed', 'sending') and i.lease_until < now()
limit 100
for update of c, i skip locked;

-- name: doubt_parts(intent_id)!
update dispatcher.parts set state = 'in_doubt' where intent_id = :intent_id and state = 'sending';

-- name: lose_parts(intent_id)!
update dispatcher.parts set state = 'lost' where intent_id = :intent_id and state = 'sending';

-- name: doubtful(bound, settle_after)
-- Calls without an answer that have waited for an echo long enough to be looked for in the thread.
select p.part_id, p.kind, p.content_hash, p.called_at, i.account_id, i.customer_id, i.intent_id,
    a.app_id, a.login, a.page_id, a.sealed_token, i.doubt_since < clock_timestamp() - :bound::interval as overdue
from dispatcher.intents as i
join dispatcher.parts as p using (intent_id)
join dispatcher.accounts as a on a.account_id = i.account_id
where i.state = 'in_doubt' and p.state = 'in_doubt' and p.kind <> 'unknown' and i.doubt_since < now() - :settle_after::interval
    and i.next_at <= clock_timestamp() and (a.paused_until is null or a.paused_until <= clock_timestamp())
order by i.doubt_since
limit 20;

-- name: doubted_parts(request_id, account_id)
select p.part_id from dispatcher.parts as p join dispatcher.intents as i using (intent_id)
where i.request_id = :request_id and (:account_id::text is null or i.account_id = :account_id::text)
    and i.state = 'in_doubt' and p.state = 'in_doubt';

-- name: look_later(pause, intent_id)!
-- The longer nothing was found the less often it is looked for, so that the old do not keep the new from being read.
update dispatcher.intents set next_at = clock_timestamp()
    + least(greatest(:pause::interval, (clock_timestamp() - doubt_since) / 4), interval '10 minutes')
where intent_id = :intent_id;

-- name: gauges()^
-- Counts, and ages in seconds; what nothing but its turn holds back is due.
select
    (select count(*) from dispatcher.intents where state = 'in_doubt') as in_doubt,
    (
        select coalesce(extract(epoch from clock_timestamp() - min(doubt_since)), 0)::float
        from dispatcher.intents where state = 'in_doubt'
    ) as doubt_age,
    (select count(*) from dispatcher.outbox) as outbox,
    (
        select jsonb_object_agg(s.state, s.found) from (
            select state, count(a.account_id) as found
            from unnest(array['active', 'paused', 'ineligible', 'needs_reauth', 'restricted']) as state
            left join dispatcher.accounts as a using (state) group by state) as s
    ) as accounts,
    (
        select jsonb_object_agg(l.lane, coalesce(c.age, 0)) from (
            values (0, 'human'), (1, 'transactional'), (2, 'bulk'), (null, 'waking')) as l (rank, lane)
        left join (
            select next_lane, extract(epoch from now() - min(next_due))::float as age
            from dispatcher.conversations where in_flight is null and next_lane is not null and next_due <= now()
            group by next_lane
            union all
            select null, extract(epoch from now() - min(next_due))::float
            from dispatcher.conversations where in_flight is null and next_lane is null and wake_at <= now() and next_due <= now()
        ) as c on c.next_lane is not distinct from l.rank
    ) as queue_ages;

-- name: content_age()$
-- Seconds since that was settled whose content is still here; reads all contents.
select coalesce(extract(epoch from clock_timestamp() - min(i.finished_at)), 0)::float
from dispatcher.contents join dispatcher.intents as i using (intent_id);

-- name: drop_hashes(grace)!
-- After the grace no echo is matched by content any more; what is in doubt keeps its hash until it is settled.
update dispatcher.parts set content_hash = null
where content_hash is not null and called_at < now() - :grace::interval
    and state not in ('sending', 'in_doubt');

-- name: drop_contents(grace, window)!
-- What is settled keeps its content for a short grace (a late echo may still be told apart), then loses it. Only what was
-- settled in a window of time before that is looked at: a month's requests need not be read to find the last seconds'.
delete from dispatcher.contents
where intent_id = any(array(
    select intent_id from dispatcher.intents
    where finished_at < now() - :grace::interval and finished_at >= now() - :grace::interval - :window::interval
));

-- name: forget_finished()!
-- A request id is one send for 30 days.
delete from dispatcher.intents where finished_at < now() - interval '30 days';

-- name: lock_cancellable(account_id, request_id)^
-- Only what has not begun can be cancelled.
select i.intent_id, i.account_id, i.customer_id, i.pieces_sent from dispatcher.intents as i
join dispatcher.conversations as c using (account_id, customer_id)
where i.account_id = :account_id and i.request_id = :request_id and i.state = 'queued' and not i.started
for update of c, i;

-- name: show_intent(request_id)
select
    i.intent_id, i.request_id, i.account_id, i.customer_id, i.comment_id, i.author_kind, i.lane, i.state, i.reason, i.tag, i.evidence,
    i.disclosure, i.error, i.attempt, i.requested_at, i.next_at, i.expires_at, i.window_closes_at, i.finished_at,
    case when i.state = 'in_doubt' then i.doubt_since end as doubt_since,
    exists (select from dispatcher.contents as t where t.intent_id = i.intent_id) as has_content
from dispatcher.intents as i where i.request_id = :request_id;

-- name: list_intents(state, account_id, most)
select request_id, account_id, customer_id, author_kind, lane, state, reason, requested_at, finished_at
from dispatcher.intents
where (:state::text is null or state = :state::text) and (:account_id::text is null or account_id = :account_id::text)
order by position desc
limit :most;

-- name: wake_held(account_id, customer_id)!
-- A hold has ended: what waited for it is due now.
update dispatcher.intents set next_at = clock_timestamp(), due_at = clock_timestamp()
where account_id = :account_id and customer_id = :customer_id and state = 'queued' and reason = 'human_handling';

-- name: turn_down(intent_id, reason)!
update dispatcher.intents set state = 'refused', reason = :reason where intent_id = :intent_id;

-- name: grown(least, times)
-- Tables that hold so many rows, and so many times as many as when PostgreSQL looked at them last.
select format('%I.%I', s.schemaname, s.relname) as name
from pg_stat_user_tables as s
join pg_class as c on c.oid = s.relid
where s.schemaname = 'dispatcher' and s.n_live_tup >= :least::bigint and s.n_live_tup >= :times::bigint * c.reltuples;
