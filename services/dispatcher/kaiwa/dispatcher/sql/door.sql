-- name: open_callers()
select caller_id, name, accounts, lanes, author_kinds, per_second, secret_hash, previous_hash,
    previous_until > clock_timestamp() as previous_opens
from dispatcher.callers where revoked_at is null;

-- name: list_callers()
select caller_id, name, accounts, lanes, author_kinds, per_second, created_at, rotated_at, previous_until, revoked_at
from dispatcher.callers order by created_at;

-- name: create_caller(caller_id, name, accounts, lanes, author_kinds, per_second, secret_hash)$
-- Null where another open key has the name.
with made as (
    insert into dispatcher.callers (caller_id, name, accounts, lanes, author_kinds, per_second, secret_hash)
    values (:caller_id, :name, :accounts, :lanes, :author_kinds, :per_second, :secret_hash)
    on conflict do nothing
    returning caller_id
)
select caller_id from made;

-- name: rotate_caller(caller_id, secret_hash, overlap)$
update dispatcher.callers set previous_hash = secret_hash, previous_until = clock_timestamp() + :overlap::interval,
    secret_hash = :secret_hash, rotated_at = clock_timestamp()
where caller_id = :caller_id and revoked_at is null
returning caller_id;

-- name: revoke_caller(caller_id)$
update dispatcher.callers set revoked_at = clock_timestamp(), previous_hash = null, previous_until = null
where caller_id = :caller_id and revoked_at is null
returning caller_id;

-- name: note_caller_change(caller_id, change)!
insert into dispatcher.caller_changes (caller_id, change) values (:caller_id, :change);

-- name: open_request(intent_id, account_id, request_id, customer_id, comment_id, author_kind, lane, caller_id, fingerprint)$
-- True for a new request; null where the id was used before, at the door or on the topic.
insert into dispatcher.door_requests (
    intent_id, account_id, request_id, customer_id, comment_id, author_kind, lane, caller_id, fingerprint
)
select :intent_id::text, :account_id, :request_id, :customer_id, :comment_id, :author_kind, :lane, :caller_id, :fingerprint
where not exists (select from dispatcher.intents where intent_id = :intent_id::text)
on conflict do nothing
returning true;

-- name: asked_before(intent_id)^
select d.fingerprint, exists (select from dispatcher.intents as i where i.intent_id = d.intent_id) as taken_in
from dispatcher.door_requests as d where d.intent_id = :intent_id;

-- name: standing_of(accounts, request_id)
-- A request at these accounts (null: at any), whether it has been read from Kafka yet or not.
select
    i.intent_id, i.request_id, i.account_id, i.customer_id, i.comment_id, i.author_kind, i.lane, i.state, i.seq, i.reason,
    i.tag, i.evidence, i.disclosure, i.error, i.attempt, i.requested_at, i.next_at, i.expires_at, i.window_closes_at,
    i.finished_at, i.addressee
from dispatcher.accounts as a
join dispatcher.intents as i on i.account_id = a.account_id and i.request_id = :request_id
where :accounts::text[] is null or a.account_id = any(:accounts::text[])
limit 2;

-- name: pending_of(accounts, request_id)
select d.intent_id, d.request_id, d.account_id, d.customer_id, d.comment_id, d.author_kind, d.lane, d.asked_at,
    case when d.comment_id is not null then coalesce(d.customer_id, d.comment_id) end as addressee
from dispatcher.door_requests as d
where d.request_id = :request_id and (:accounts::text[] is null or d.account_id = any(:accounts::text[]))
limit 2;

-- name: forget_fingerprints()!
update dispatcher.door_requests set fingerprint = null
where fingerprint is not null and asked_at < now() - interval '1 day';

-- name: forget_door_requests()!
-- Before the request itself is forgotten, so that an id is never new again while its request is known.
delete from dispatcher.door_requests where asked_at < now() - interval '30 days';

-- name: erase_fingerprints(ids, account_id, customer_id, cutoff)!
-- Of these requests, and of a customer's or an account's that may not have been read from Kafka yet.
update dispatcher.door_requests set fingerprint = null
where fingerprint is not null and (
    intent_id = any(:ids::text[])
    or (
        :cutoff::timestamptz is not null and account_id = :account_id and asked_at <= :cutoff::timestamptz
        and (:customer_id::text is null or customer_id = :customer_id::text)
    )
);

-- name: conversation_facts(account_id, customer_id, partition)^
-- What a decision looks at, by primary keys alone; also of a customer who was never heard of.
select
    c.window_opened_at, c.last_customer_at, c.control, c.control_at, c.control_until, c.owner_asked_at, c.human_until,
    coalesce(c.escalated, false) as escalated, c.last_human_at, c.last_automated_at, c.disclosed_at, c.asked_at,
    c.erased_before, c.suppressed_at, c.looked_at, coalesce(c.look_failures, 0) as look_failures, w.fresh_at,
    w.applied as events_applied, a.account_id, a.state as account_state, a.login, a.display_name, a.locale, a.human_agent, a.default_app,
    a.paused_until, a.crowded_until, a.routing, a.while_human, a.markets, a.disclosure, clock_timestamp() as now
from dispatcher.accounts as a
left join dispatcher.conversations as c on c.account_id = a.account_id and c.customer_id = :customer_id
left join dispatcher.watermarks as w on w.partition = coalesce(c.partition, :partition)
where a.account_id = :account_id;
