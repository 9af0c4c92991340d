-- name: note_usage(scopes, ids, percents)!
-- The newest word counts; accounts are named, an app by any of its accounts.
insert into dispatcher.throttles as t (scope, id, percent, heard_at)
select k.scope, k.id, max(k.percent), clock_timestamp()
from (
    select scope, case scope when 'app' then a.app_id else a.account_id end as id, percent
    from unnest(:scopes::text[], :ids::text[], :percents::real[]) as k(scope, account_id, percent)
    join dispatcher.accounts as a using (account_id)
) as k
group by k.scope, k.id
order by k.scope, k.id
on conflict (scope, id) do update set percent = excluded.percent, heard_at = excluded.heard_at;

-- name: note_pause(scope, account_id, announced, first, longest, calm)$
-- Until when it is: as announced, else twice as long as the pause before. Many calls of one moment are one pause.
insert into dispatcher.throttles as t (scope, id, resumes_at, pauses)
select :scope::text, case :scope::text when 'app' then a.app_id else a.account_id end,
    clock_timestamp() + coalesce(:announced::interval, :first::interval), 1
from dispatcher.accounts as a where a.account_id = :account_id
on conflict (scope, id) do update set
    pauses = case
        when t.resumes_at > clock_timestamp() then t.pauses
        when t.resumes_at + :calm::interval > clock_timestamp() then least(t.pauses + 1, 20)
        else 1
    end,
    resumes_at = case
        when :announced::interval is not null then greatest(t.resumes_at, clock_timestamp() + :announced::interval)
        when t.resumes_at > clock_timestamp() then t.resumes_at
        when t.resumes_at + :calm::interval > clock_timestamp()
            then clock_timestamp() + least(:first::interval * power(2, least(t.pauses, 20)), :longest::interval)
        else clock_timestamp() + :first::interval
    end
returning resumes_at;

-- name: pause_left(account_id)$
select paused_until - clock_timestamp() from dispatcher.accounts where account_id = :account_id;

-- name: usage()
-- The fullest budget of each scope, where anything was heard of it within the hour that budgets roll over.
select scope, coalesce(max(percent) filter (where heard_at > clock_timestamp() - interval '1 hour'), 0)::float / 100 as ratio
from unnest(array['account', 'app']) as scope
left join dispatcher.throttles as t using (scope)
group by scope;
