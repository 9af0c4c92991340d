-- name: list_cases(only_open, most)
-- The newest first; of those that are open the oldest. `owes`: whose receipts are still to come.
select erasure_id, scope, reason, state, appended_at, received_at, due_at, ordered_at, tombstoned_at, verified_at,
    closed_at, found,
    array(
        select holder from compliance.duties d
        where d.erasure_id = c.erasure_id and c.state <> 'closed' and not exists (
            select from compliance.receipts r
            where (r.erasure_id, r.holder) = (d.erasure_id, d.holder) and r.status <> 'failed'
        )
        order by holder
    ) as owes
from compliance.cases c
where not :only_open::boolean or state <> 'closed'
order by case when :only_open::boolean then received_at end, received_at desc
limit :most;

-- name: show_case(erasure_id)^
select erasure_id, scope, reason, state, appended_at, received_at, due_at, ordered_at, tombstoned_at, verified_at,
    closed_at, found
from compliance.cases where erasure_id = :erasure_id;

-- name: count_targets(erasure_id)
select topic, count(*) as records, count(sent_at) as tombstoned
from compliance.targets where erasure_id = :erasure_id group by topic order by topic;

-- name: receipts_of(erasure_id)
select holder, status, count, at from compliance.receipts where erasure_id = :erasure_id order by holder;
