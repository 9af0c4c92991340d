-- Windows that no event tells of: the thread is asked once, and what it says is decided upon.

alter table conversations
    -- when the thread was read for its window; once is enough, since from then on events tell
    add column looked_at timestamptz,
    -- when it is to be read; null while nobody asks
    add column look_due timestamptz,
    add column look_failures smallint not null default 0;
create index conversations_looks on conversations (look_due) where look_due is not null;

-- How far the reading of all of an account's threads has come: a run that was ended goes on there.
create table backfills (
    account_id text primary key,
    cursor text,
    threads integer not null default 0,
    heard integer not null default 0,
    finished_at timestamptz
);

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
    c.suppressed_at, c.looked_at
from conversations as c
join accounts as a using (account_id)
left join watermarks as w using (partition);
