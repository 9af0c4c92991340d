-- name: standings(ids)
-- Everything that a person asks about accounts, in one look; ids null is all of them.
select
    a.account_id, a.display_name, a.login, a.app_id, a.page_id, a.state, a.sealed_token <> '' as has_token,
    a.default_app, a.routing, a.limits, a.paused_until, a.crowded_until, h.token_valid, h.token_expires_at, h.scopes, h.eligible,
    h.fields, h.error_code, h.error_subcode, h.probed_at, h.heard_at, h.silent_from, h.sent_at, h.failed_at,
    h.failed_code, h.failed_subcode, q.due_since, coalesce(q.held, 0) as held,
    greatest(
        case when o.heard_at > clock_timestamp() - interval '1 hour' then o.percent end,
        case when p.heard_at > clock_timestamp() - interval '1 hour' then p.percent end
    ) as percent,
    clock_timestamp() as now
from dispatcher.accounts as a
join dispatcher.health as h using (account_id)
left join (
    select account_id, min(due_at) filter (where due_at <= clock_timestamp()) as due_since,
        count(*) filter (where reason in ('account_paused', 'paused_by_platform')) as held
    from dispatcher.intents where state = 'queued' group by account_id
) as q using (account_id)
left join dispatcher.throttles as o on o.scope = 'account' and o.id = a.account_id
left join dispatcher.throttles as p on p.scope = 'app' and p.id = a.app_id
where :ids::text[] is null or a.account_id = any(:ids::text[])
order by a.account_id;

-- name: take_probes(lease, most)
-- Accounts that Meta is to be asked about; nobody else does until the lease is over. Calls made while it throttles
-- prolong that.
update dispatcher.health as h set probe_due = clock_timestamp() + :lease::interval
from (
    select h.account_id from dispatcher.health as h join dispatcher.accounts as a using (account_id)
    where h.probe_due <= now() and a.state <> 'paused' and a.sealed_token <> ''
        and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by h.probe_due
    limit :most
    for update of h skip locked
) as k
join dispatcher.accounts as a using (account_id)
where h.account_id = k.account_id
returning
    h.account_id, a.app_id, a.login, a.page_id, a.sealed_token, a.state, h.token_since, h.token_expires_at, h.failures,
    h.probe_due, clock_timestamp() as now;

-- name: probe_of(account_id)^
-- The same of one account, whenever it is due.
select
    h.account_id, a.app_id, a.login, a.page_id, a.sealed_token, a.state, h.token_since, h.token_expires_at, h.failures,
    h.probe_due, clock_timestamp() as now
from dispatcher.health as h join dispatcher.accounts as a using (account_id)
where h.account_id = :account_id;

-- name: note_probe(valid, code, subcode, eligible, fields, scopes, expires_at, endless, due, pause, account_id, sealed_token)$
-- What Meta said; nothing where the token was replaced meanwhile, since it was not asked about that one. What it did
-- not say stays as it was. Who asked for another look meanwhile gets it.
update dispatcher.health as h set
    token_valid = coalesce(:valid::boolean, h.token_valid),
    error_code = case when :valid::boolean is null then h.error_code else :code::integer end,
    error_subcode = case when :valid::boolean is null then h.error_subcode else :subcode::integer end,
    eligible = coalesce(:eligible::boolean, h.eligible),
    fields = coalesce(:fields::text[], h.fields),
    scopes = coalesce(:scopes::text[], h.scopes),
    token_expires_at = case
        when :endless::boolean then 'infinity' else coalesce(:expires_at::timestamptz, h.token_expires_at)
    end,
    probed_at = clock_timestamp(), failures = 0,
    probe_due = case when h.probe_due = :due then clock_timestamp() + :pause::interval else h.probe_due end
from dispatcher.accounts as a
where h.account_id = :account_id and a.account_id = h.account_id and a.sealed_token = :sealed_token::bytea
returning true;

-- name: probe_failed(due, pause, account_id)!
-- Nothing where another look was asked for meanwhile, as for a new token.
update dispatcher.health set failures = least(failures + 1, 100), probe_due = clock_timestamp() + :pause::interval
where account_id = :account_id and probe_due = :due;

-- name: probe_soon(account_id)!
update dispatcher.health set probe_due = clock_timestamp() where account_id = :account_id;

-- name: probe_doubted(account_id)!
-- Somebody could not read for the account: ask about it now, unless that was just done or Meta does not answer at all.
update dispatcher.health set probe_due = clock_timestamp()
where account_id = :account_id and failures = 0 and probed_at < clock_timestamp() - interval '1 minute';

-- name: change_state(new, account_id, old, sealed_token)$
-- Where it is still as it was when Meta was asked.
update dispatcher.accounts set state = :new
where account_id = :account_id and state = :old and sealed_token = :sealed_token::bytea
returning true;

-- name: lock_health(ids)
select account_id, heard_at from dispatcher.health where account_id = any(:ids::text[]) order by account_id
for no key update;

-- name: note_traffic(accounts, lasts, gaps, counts)!
insert into dispatcher.traffic as t (account_id, day, events, longest_gap)
select k.account_id, (k.last at time zone 'utc')::date, k.events, k.gap
from unnest(:accounts::text[], :lasts::timestamptz[], :gaps::interval[], :counts::bigint[])
    as k(account_id, last, gap, events)
on conflict (account_id, day) do update set
    events = t.events + excluded.events, longest_gap = greatest(t.longest_gap, excluded.longest_gap);

-- name: note_volume(accounts, lasts, counts)!
insert into dispatcher.volumes as v (account_id, hour, messages)
select k.account_id, date_trunc('hour', k.last), k.messages
from unnest(:accounts::text[], :lasts::timestamptz[], :counts::bigint[]) as k(account_id, last, messages)
where k.messages > 0
on conflict (account_id, hour) do update set messages = v.messages + excluded.messages;

-- name: note_crowds(ids, most, share)!
-- Whose messages of a day are near the most that there may be holds bulk back until the hour is over: then the oldest
-- one no longer counts; the minute more is for the first message that tells. What has not changed is not written.
update dispatcher.accounts as a set crowded_until = k.until
from (
    select a.account_id, case
        when coalesce(sum(v.messages), 0) >= :share::float * coalesce((a.limits ->> 'messages_per_day')::bigint, :most::bigint)
        then date_trunc('hour', clock_timestamp()) + interval '61 minutes'
    end as until
    from dispatcher.accounts as a
    left join dispatcher.volumes as v on v.account_id = a.account_id
        and v.hour > clock_timestamp() - interval '24 hours'
    where a.account_id = any(:ids::text[])
    group by a.account_id
    order by a.account_id
) as k
where a.account_id = k.account_id and a.crowded_until is distinct from k.until
    and (k.until is not null or a.crowded_until > clock_timestamp());

-- name: weeks(ids)
select account_id, sum(events)::bigint as events, max(longest_gap) as longest_gap from dispatcher.traffic
where account_id = any(:ids::text[]) and day > (clock_timestamp() at time zone 'utc')::date - 8
group by account_id;

-- name: note_heard(accounts, lasts, silent)!
update dispatcher.health as h set heard_at = k.last, silent_from = k.silent
from unnest(:accounts::text[], :lasts::timestamptz[], :silent::timestamptz[]) as k(account_id, last, silent)
where h.account_id = k.account_id;

-- name: note_calls(accounts, sent, failed, codes, subcodes)!
-- A message that went shows that the account can send, whatever became of another one in the same moment.
update dispatcher.health as h set
    sent_at = case when k.sent then now() else h.sent_at end,
    failed_at = case when k.failed then now() else h.failed_at end,
    failed_code = case when k.failed then k.code else h.failed_code end,
    failed_subcode = case when k.failed then k.subcode else h.failed_subcode end
from unnest(:accounts::text[], :sent::boolean[], :failed::boolean[], :codes::integer[], :subcodes::integer[])
    as k(account_id, sent, failed, code, subcode)
where h.account_id = k.account_id;

-- name: forget_volumes()!
delete from dispatcher.volumes where hour < clock_timestamp() - interval '25 hours';

-- name: forget_traffic()!
delete from dispatcher.traffic where day < (clock_timestamp() at time zone 'utc')::date - 14;

-- name: replace_token(fresh, life, account_id, old)$
-- A refreshed token, where nobody gave or took one meanwhile.
with kept as (
    update dispatcher.accounts set sealed_token = :fresh::bytea
    where account_id = :account_id and sealed_token = :old::bytea
    returning account_id
)
update dispatcher.health as h set token_since = clock_timestamp(), token_expires_at = clock_timestamp() + :life::interval
from kept where h.account_id = kept.account_id
returning true;

-- name: held_tokens(ids)
-- Locked, so that no token is refreshed while it is decided whether it stays.
select a.account_id, a.sealed_token, h.token_mark
from dispatcher.accounts as a join dispatcher.health as h using (account_id)
where a.account_id = any(:ids::text[]) order by a.account_id for no key update of a, h;

-- name: note_token(mark, fresh, scopes, account_id)!
-- A token that a person gave, by the file or by a login, which gives no mark; of a new one little is known yet.
update dispatcher.health set
    token_mark = coalesce(:mark, token_mark), probe_due = clock_timestamp(),
    token_since = case when :fresh::boolean then clock_timestamp() else token_since end,
    token_expires_at = case when not :fresh::boolean then token_expires_at end,
    token_valid = case when not :fresh::boolean then token_valid end,
    scopes = case when :fresh::boolean then :scopes::text[] else scopes end
where account_id = :account_id;

-- name: lock_account(account_id)!
select from dispatcher.accounts where account_id = :account_id for no key update;

-- name: troubles()^
-- How many accounts are in which trouble, in one look at all of them; those that were taken out are in none.
select
    count(*) filter (where a.state = 'active' and h.silent_from <= clock_timestamp()) as silent,
    count(*) filter (where h.token_expires_at < clock_timestamp() + interval '7 days') as token_ending,
    count(*) filter (where h.fields = '{}') as unsubscribed,
    count(*) filter (
        where a.sealed_token <> '' and h.failures > 0
            and coalesce(h.probed_at, h.token_since) < clock_timestamp() - interval '6 hours'
    ) as unanswered,
    count(*) filter (where a.crowded_until > clock_timestamp()) as crowded
from dispatcher.accounts as a join dispatcher.health as h using (account_id)
where a.state <> 'paused';
