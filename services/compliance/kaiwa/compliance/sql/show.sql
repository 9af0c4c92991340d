-- name: list_cases(most)
select erasure_id, scope, reason, state, appended_at, received_at, due_at, ordered_at, tombstoned_at, verified_at,
    closed_at, found
from compliance.cases order by received_at desc limit :most;

-- name: show_case(erasure_id)^
select erasure_id, scope, reason, state, appended_at, received_at, due_at, ordered_at, tombstoned_at, verified_at,
    closed_at, found
from compliance.cases where erasure_id = :erasure_id;

-- name: count_targets(erasure_id)
select topic, count(*) as records, count(sent_at) as tombstoned
from compliance.targets where erasure_id = :erasure_id group by topic order by topic;

-- name: receipts_of(erasure_id)
select holder, status, count, at from compliance.receipts where erasure_id = :erasure_id order by holder;
