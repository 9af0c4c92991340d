-- Times merge by "the greatest wins", control by the newest time: any order and any repetition give one row.

-- name: apply_changes(changes)!
insert into dispatcher.conversations as c (
    account_id, customer_id, partition, window_opened_at, last_customer_at, control, control_at, asked_at
)
select account_id, customer_id, partition, window_opened_at, last_customer_at, control, control_at, asked_at
from jsonb_to_recordset(:changes::jsonb) as r(
    account_id text, customer_id text, partition integer, window_opened_at timestamptz,
    last_customer_at timestamptz, control text, control_at timestamptz, asked_at timestamptz
)
order by account_id, customer_id
on conflict (account_id, customer_id) do update set
    window_opened_at = greatest(c.window_opened_at, excluded.window_opened_at),
    last_customer_at = greatest(c.last_customer_at, excluded.last_customer_at),
    asked_at = greatest(c.asked_at, excluded.asked_at),
    control = case
        when c.control_at is null or excluded.control_at > c.control_at then excluded.control
        when excluded.control_at = c.control_at and excluded.control = 'other' then 'other'
        else c.control
    end,
    control_until = case
        when excluded.control_at >= c.control_at and excluded.control is distinct from c.control then null
        else c.control_until
    end,
    control_at = greatest(c.control_at, excluded.control_at);

-- name: ensure_conversations(accounts, customers, partitions)!
insert into dispatcher.conversations (account_id, customer_id, partition)
select * from unnest(:accounts::text[], :customers::text[], :partitions::integer[])
on conflict do nothing;

-- name: hold_conversations(accounts, customers, partitions)!
-- They are there, and locked in one order: `do update` locks the row also where it updates nothing.
insert into dispatcher.conversations (account_id, customer_id, partition)
select distinct account_id, customer_id, partition
from unnest(:accounts::text[], :customers::text[], :partitions::integer[]) as k(account_id, customer_id, partition)
order by account_id, customer_id
on conflict (account_id, customer_id) do update set partition = excluded.partition where false;

-- name: lock_conversations(accounts, customers)
select account_id, customer_id from dispatcher.conversations
join unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id) using (account_id, customer_id)
order by account_id, customer_id
for update of conversations;

-- name: refresh_heads(accounts, customers)
-- The head of the queue: a unit that has begun goes on first, whenever it may; else the highest lane of what is due,
-- in intake order. What waits for knowledge alone stays due, so that nothing overtakes it. The lane is set while the
-- head may go now; wake_at says when the head has to be chosen anew. Everything has a deadline, so nothing starves.
-- Most of the time nothing changes behind a head that stands; then nothing is written. Those that may go now come back.
with n as (
    select
        o.account_id, o.customer_id, o.in_flight, coalesce(head.next_at, later.due_at) as due,
        case when head.next_at <= t.now then head.lane_rank end as lane,
        head.bucket,
        least(
            head.expires_at,
            coalesce(
                case
                    when g.live then g.seen_at + interval '60 seconds'
                    when head.comment_id is not null then g.seen_at + interval '132 hours'
                    when o.window_opened_at + interval '24 hours' > t.now then o.window_opened_at + interval '24 hours'
                    when head.author_kind = 'human' then o.window_opened_at + interval '7 days'
                end,
                head.due_at + interval '24 hours'
            )
        ) as deadline,
        case
            when head.started then nullif(greatest(head.next_at, t.now), t.now)
            else least(nullif(greatest(head.next_at, t.now), t.now), later.due_at)
        end as wake_at
    from unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id)
    cross join (select clock_timestamp() as now) as t
    cross join lateral (
        select * from dispatcher.conversations as o
        where o.account_id = k.account_id and o.customer_id = k.customer_id limit 1
    ) as o
    left join lateral (
        select * from (
            (
                select i.next_at, i.lane_rank, i.expires_at, i.bucket, i.started, i.due_at, i.account_id, i.comment_id,
                    i.author_kind
                from dispatcher.intents as i
                where i.account_id = k.account_id and i.customer_id = k.customer_id and i.state = 'queued' and i.started
                limit 1
            )
            union all
            (
                select i.next_at, i.lane_rank, i.expires_at, i.bucket, i.started, i.due_at, i.account_id, i.comment_id,
                    i.author_kind
                from dispatcher.intents as i
                where i.account_id = k.account_id and i.customer_id = k.customer_id and i.state = 'queued'
                    and i.due_at <= t.now
                order by i.lane_rank, i.position
                limit 1
            )
        ) as found
        order by started desc
        limit 1
    ) as head on true
    left join lateral (
        select min(i.due_at) as due_at from dispatcher.intents as i
        where i.account_id = k.account_id and i.customer_id = k.customer_id and i.state = 'queued' and i.due_at > t.now
    ) as later on true
    left join dispatcher.comments as g on g.account_id = head.account_id and g.comment_id = head.comment_id
), chosen as (
    update dispatcher.conversations as c
    set next_due = n.due, next_lane = n.lane, next_bucket = n.bucket, next_deadline = n.deadline, wake_at = n.wake_at
    from n
    where c.account_id = n.account_id and c.customer_id = n.customer_id
        and (c.next_due, c.next_lane, c.next_bucket, c.next_deadline, c.wake_at)
            is distinct from (n.due, n.lane, n.bucket, n.deadline, n.wake_at)
)
select account_id, bucket, lane from n where lane is not null and in_flight is null;

-- name: note_sent(author, at, hold, disclosed, account_id, customer_id)!
-- A delivered message of ours: automation's moves the lapse, a human's starts the hold.
update dispatcher.conversations set
    last_automated_at = case when :author::text = 'automation' then greatest(last_automated_at, :at::timestamptz) else last_automated_at end,
    last_human_at = case when :author::text = 'human' then greatest(last_human_at, :at::timestamptz) else last_human_at end,
    human_until = case
        when :author::text <> 'human' or released_at >= :at::timestamptz then human_until
        else greatest(human_until, dispatcher.held_until(account_id, :at::timestamptz, :hold::interval))
    end,
    disclosed_at = case when :disclosed::boolean then greatest(disclosed_at, :at::timestamptz) else disclosed_at end
where account_id = :account_id and customer_id = :customer_id;

-- name: note_others(accounts, customers, times, hold)!
-- Somebody else wrote there: disclosure is due again, and automation waits unless the account says otherwise.
update dispatcher.conversations as c set
    last_human_at = greatest(c.last_human_at, k.at),
    human_until = case
        when (select unknown_echo from dispatcher.accounts as a where a.account_id = c.account_id) = 'ignore' then c.human_until
        when c.released_at is not null and c.released_at >= k.at then c.human_until
        else greatest(c.human_until, dispatcher.held_until(c.account_id, k.at, :hold::interval))
    end
from (
    select account_id, customer_id, max(at) as at
    from unnest(:accounts::text[], :customers::text[], :times::timestamptz[]) as r(account_id, customer_id, at)
    group by account_id, customer_id
) as k
where c.account_id = k.account_id and c.customer_id = k.customer_id;

-- name: suppress(at, account_id, customer_id)!
update dispatcher.conversations set suppressed_at = greatest(suppressed_at, :at::timestamptz)
where account_id = :account_id and customer_id = :customer_id;

-- name: lose_control(at, account_id, customer_id)!
-- The platform said so itself; what it tells later wins again.
update dispatcher.conversations set control = 'other', control_at = :at, control_until = null
where account_id = :account_id and customer_id = :customer_id and (control_at is null or control_at <= :at);

-- name: close_window(at, account_id, customer_id)!
-- The platform says that it was closed; the customer's next message opens it.
update dispatcher.conversations set window_opened_at = least(window_opened_at, :at::timestamptz - interval '24 hours')
where account_id = :account_id and customer_id = :customer_id;

-- name: is_waited_for(account_id, customer_id, intent_id)$
select exists (
    select from dispatcher.conversations
    where account_id = :account_id and customer_id = :customer_id and in_flight = :intent_id
);

-- name: note_control(control, at, until, account_id, customer_id)!
-- What the platform did at our word, or said when it was asked; an event of a later time wins again.
update dispatcher.conversations
set control = :control::text, control_at = :at::timestamptz, control_until = :until::timestamptz
where account_id = :account_id and customer_id = :customer_id
    and (control_at is null or control_at <= :at::timestamptz);

-- name: doubt_control(account_id, customer_id)!
-- Nobody knows what became of our word: the next decision asks.
update dispatcher.conversations set control_at = null, owner_asked_at = null
where account_id = :account_id and customer_id = :customer_id;

-- name: lock_queues(account_id)
-- The conversations of an account that wait for something, locked in the order of everywhere.
select customer_id from dispatcher.conversations
where account_id = :account_id and next_due is not null
order by customer_id
for update;

-- name: escalate(at, account_id, customer_id)!
update dispatcher.conversations set escalated = true, last_human_at = greatest(last_human_at, :at::timestamptz)
where account_id = :account_id and customer_id = :customer_id;

-- name: release(at, account_id, customer_id)!
update dispatcher.conversations set escalated = false, human_until = null, released_at = greatest(released_at, :at::timestamptz)
where account_id = :account_id and customer_id = :customer_id;

-- name: free(account_id, customer_id, intent_id)!
-- The conversation waits for nothing any more.
update dispatcher.conversations set in_flight = null
where account_id = :account_id and customer_id = :customer_id and in_flight = :intent_id;

-- name: erase_conversation(cutoff, account_id, customer_id)!
update dispatcher.conversations set erased_before = greatest(erased_before, :cutoff::timestamptz)
where account_id = :account_id and customer_id = :customer_id;

-- name: show_conversation(account_id, customer_id)^
select
    c.account_id, c.customer_id, c.window_opened_at, c.window_opened_at + interval '24 hours' as window_closes_at,
    c.control, c.control_at, c.control_until, c.owner_asked_at, a.routing, a.default_app, c.escalated, c.human_until, c.last_human_at, c.last_automated_at, c.disclosed_at,
    c.erased_before, c.suppressed_at, c.in_flight is not null as busy, c.next_due, w.fresh_at
from dispatcher.conversations as c
left join dispatcher.accounts as a using (account_id)
left join dispatcher.watermarks as w using (partition)
where c.account_id = :account_id and c.customer_id = :customer_id;

-- name: raise_freshness(fetched_at, partitions, positions, anew)!
-- So far and up to then these are applied. Who took a partition over says so anew: offsets may have begun from nothing.
insert into dispatcher.watermarks as w (partition, fresh_at, applied)
select partition, :fetched_at, position
from unnest(:partitions::integer[], :positions::bigint[]) as k(partition, position)
order by partition
on conflict (partition) do update set fresh_at = greatest(w.fresh_at, excluded.fresh_at),
    applied = case
        when w.partition = any(:anew::integer[]) then excluded.applied
        else greatest(w.applied, excluded.applied)
    end;

-- name: note_applied(partitions, positions)!
-- The same at once, by the batch that goes so far; they are locked in one order.
with locked as (
    select partition, k.position from dispatcher.watermarks as w
    join unnest(:partitions::integer[], :positions::bigint[]) as k(partition, position) using (partition)
    order by partition
    for update of w
)
update dispatcher.watermarks as w set applied = greatest(w.applied, k.position)
from locked as k where w.partition = k.partition;

-- name: applied()
select partition, applied from dispatcher.watermarks where applied is not null;

-- name: database_time()$
select clock_timestamp();
