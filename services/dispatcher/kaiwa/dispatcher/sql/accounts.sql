-- name: all_accounts()
select
    account_id, app_id, login, page_id, login_user_id, display_name, locale, markets, human_agent, default_app,
    unknown_echo, limits, state, paused_until, routing, presence, while_human, human_hold,
    hold_until_release, disclosure, origin
from dispatcher.accounts order by account_id;

-- name: account(account_id)^
select
    account_id, app_id, login, page_id, login_user_id, display_name, locale, markets, human_agent, default_app,
    unknown_echo, limits, state, paused_until, routing, presence, while_human, human_hold,
    hold_until_release, disclosure, origin
from dispatcher.accounts where account_id = :account_id;

-- name: known_accounts(ids)
select account_id, app_id, default_app from dispatcher.accounts where account_id = any(:ids::text[]);

-- name: before_intake(ids)
-- Those of these accounts that there are, and the time; it comes also where there is none. With the first of them, how far
-- the events are applied.
select t.now, a.account_id, a.app_id, a.default_app,
    case when row_number() over () = 1 then (
        select array_agg(array[w.partition, w.applied]) from dispatcher.watermarks as w where w.applied is not null
    ) end as applied
from (select clock_timestamp() as now) as t
left join dispatcher.accounts as a on a.account_id = any(:ids::text[]);

-- name: put_account(account_id, app_id, login, page_id, login_user_id, display_name, locale, markets, human_agent, default_app, unknown_echo, limits, presence, while_human, human_hold, hold_until_release, disclosure, sealed_token)!
-- What the platform wants left alone stays so: a pause is not lifted by saying that the account is active.
insert into dispatcher.accounts as a (
    account_id, app_id, login, page_id, login_user_id, display_name, locale, markets, human_agent, default_app,
    unknown_echo, limits, presence, while_human, human_hold, hold_until_release, disclosure, state, sealed_token,
    paused_until
)
values (
    :account_id, :app_id, :login, :page_id, :login_user_id, :display_name, :locale, :markets, :human_agent,
    :default_app, :unknown_echo, :limits::jsonb, :presence, :while_human, :human_hold::interval, :hold_until_release,
    :disclosure::jsonb, 'active', :sealed_token,
    (select resumes_at from dispatcher.throttles where scope = 'app' and id = :app_id)
)
on conflict (account_id) do update set
    app_id = excluded.app_id, login = excluded.login, page_id = excluded.page_id,
    login_user_id = excluded.login_user_id, display_name = excluded.display_name, locale = excluded.locale,
    markets = excluded.markets, human_agent = excluded.human_agent, default_app = excluded.default_app,
    unknown_echo = excluded.unknown_echo, limits = excluded.limits, presence = excluded.presence,
    while_human = excluded.while_human, human_hold = excluded.human_hold,
    hold_until_release = excluded.hold_until_release, disclosure = excluded.disclosure, state = 'active',
    sealed_token = excluded.sealed_token, origin = 'file', routing_due = clock_timestamp();

-- name: configure_account(account_id, display_name, locale, markets, human_agent, default_app, unknown_echo, limits, presence, while_human, human_hold, hold_until_release, disclosure)$
-- The settings of an account that came by a login. One that was paused is asked about before it sends again.
update dispatcher.accounts set
    display_name = :display_name, locale = :locale, markets = :markets, human_agent = :human_agent,
    default_app = :default_app, unknown_echo = :unknown_echo, limits = :limits::jsonb, presence = :presence,
    while_human = :while_human, human_hold = :human_hold::interval, hold_until_release = :hold_until_release,
    disclosure = :disclosure::jsonb, state = case state when 'paused' then 'ineligible' else state end,
    routing_due = clock_timestamp()
where account_id = :account_id
returning true;

-- name: set_account_state(state, account_id)!
update dispatcher.accounts set state = :state where account_id = :account_id and state <> :state;

-- name: resume_account(lifted, account_id)$
-- The state in which an account is that was paused, or restricted until a person said that this is lifted; null where it was
-- neither. Meta is asked about it before it sends again.
update dispatcher.accounts set state = case sealed_token when '' then 'needs_reauth' else 'ineligible' end
where account_id = :account_id and (state = 'paused' or state = 'restricted' and :lifted::boolean)
returning state;

-- name: forget_token(account_id)$
-- A paused account stays paused: its operator took it out.
update dispatcher.accounts set sealed_token = '', state = case state when 'paused' then state else 'needs_reauth' end
where account_id = :account_id and (sealed_token <> '' or state not in ('paused', 'needs_reauth'))
returning true;

-- name: enforce(at, blocked, account_id)$
-- The state in which a policy enforcement leaves the account; null where a newer one was heard of, or it is not ours.
update dispatcher.accounts set enforced_at = :at::timestamptz, state = case
        when :blocked::boolean and state = 'active' then 'restricted'
        when not :blocked::boolean and state = 'restricted' then 'active'
        else state
    end
where account_id = :account_id and (enforced_at is null or enforced_at < :at::timestamptz)
returning state;

-- name: wake_account(account_id)!
-- The account may send again: what waited for that is due now.
update dispatcher.intents set next_at = clock_timestamp(), due_at = clock_timestamp()
where account_id = :account_id and state = 'queued' and reason in ('account_paused', 'paused_by_platform');

-- name: lock_accounts(ids, apps)
-- These accounts, and every account of the apps of those; in one order.
select account_id from dispatcher.accounts
where account_id = any(:ids::text[]) or app_id in (
    select app_id from dispatcher.accounts where account_id = any(:apps::text[])
)
order by account_id
for update;

-- name: pause(until, whole_app, account_id)!
update dispatcher.accounts set paused_until = greatest(paused_until, :until::timestamptz)
where account_id = :account_id or (
    :whole_app::boolean and app_id = (select app_id from dispatcher.accounts where account_id = :account_id)
);

-- name: stop_tags(account_id)!
-- Until the registry says so again.
update dispatcher.accounts set human_agent = false where account_id = :account_id;

-- name: lock_buckets(accounts, classes)
-- Every bucket asked for, made where it was missing, locked in one order. The time is taken once they are. The pace is
-- looked up for each of them: a view that asks for the time is otherwise made for all accounts first (0033).
with wanted as (
    select distinct account_id, class from unnest(:accounts::text[], :classes::text[]) as k(account_id, class)
), made as (
    insert into dispatcher.buckets (account_id, class, tat)
    select account_id, class, 'epoch' from wanted order by account_id, class
    on conflict (account_id, class) do update set tat = buckets.tat
    returning account_id, class, tat
)
select made.account_id, made.class, made.tat, a.limits, a.login, a.percent, a.resumed_at, clock_timestamp() as now
from made
cross join lateral (select * from dispatcher.paces as p where p.account_id = made.account_id limit 1) as a;

-- name: look_at_buckets(accounts, classes)
select b.account_id, b.class, b.tat
from unnest(:accounts::text[], :classes::text[]) as k(account_id, class)
cross join lateral (
    select * from dispatcher.buckets as b where b.account_id = k.account_id and b.class = k.class limit 1
) as b;

-- name: move_buckets(accounts, classes, tats, tolerances)!
update dispatcher.buckets as b set tat = k.tat, tolerance = k.tolerance
from unnest(:accounts::text[], :classes::text[], :tats::timestamptz[], :tolerances::interval[])
    as k(account_id, class, tat, tolerance)
where b.account_id = k.account_id and b.class = k.class;
