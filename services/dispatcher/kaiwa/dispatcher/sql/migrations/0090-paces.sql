-- How fast an account may call, as its file says and as the platform wants it now.
create view paces as
select
    a.account_id, a.limits, a.login,
    greatest(
        case when o.heard_at > clock_timestamp() - interval '5 minutes' then o.percent end,
        case when p.heard_at > clock_timestamp() - interval '5 minutes' then p.percent end
    ) as percent,
    greatest(o.resumes_at, p.resumes_at) as resumed_at
from accounts as a
left join throttles as o on o.scope = 'account' and o.id = a.account_id
left join throttles as p on p.scope = 'app' and p.id = a.app_id;
