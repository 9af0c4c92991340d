-- What the platform's refusals teach: a recipient who is away, an account that is blocked.

-- When the platform said that this person cannot be reached; over with their next message.
alter table conversations add column suppressed_at timestamptz;

-- The newest policy enforcement that was heard of: an older one says nothing.
alter table accounts add column enforced_at timestamptz;

create or replace view facts as
select
    c.account_id, c.customer_id, c.window_opened_at, c.last_customer_at, c.control, c.asked_at, c.escalated,
    c.human_until, c.last_human_at, c.last_automated_at, c.disclosed_at, c.erased_before,
    case
        when c.partition >= 0 then w.fresh_at
        else (select case when count(*) >= -c.partition then min(e.fresh_at) end from watermarks as e)
    end as fresh_at,
    a.app_id, a.state as account_state, a.login, a.page_id, a.display_name, a.locale, a.human_agent, a.default_app,
    a.paused_until, a.limits, a.sealed_token, clock_timestamp() as now,
    c.suppressed_at
from conversations as c
join accounts as a using (account_id)
left join watermarks as w using (partition);
