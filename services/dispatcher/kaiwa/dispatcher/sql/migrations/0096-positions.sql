-- How far each partition of the events is applied, by offset; and where a request's own ended once the request was in
-- Kafka: before all below that is applied, it speaks from knowledge older than itself.
alter table watermarks add column applied bigint;
alter table intents add column events_end bigint;

create or replace view standings as
select
    c.account_id, c.customer_id, c.window_opened_at, c.last_customer_at, c.control, c.control_at, c.control_until,
    c.owner_asked_at, c.asked_at, c.escalated, c.human_until, c.last_human_at, c.last_automated_at, c.disclosed_at,
    c.erased_before, c.suppressed_at, c.looked_at,
    case
        when c.partition >= 0 then w.fresh_at
        else (select case when count(*) >= -c.partition then min(e.fresh_at) end from watermarks as e)
    end as fresh_at,
    a.app_id, a.state as account_state, a.login, a.page_id, a.display_name, a.locale, a.human_agent, a.default_app,
    a.paused_until, a.limits, a.sealed_token, a.routing, a.presence, a.while_human, a.disclosure, a.markets,
    a.crowded_until, c.look_failures, w.applied as events_applied
from conversations as c
join accounts as a using (account_id)
left join watermarks as w using (partition);
