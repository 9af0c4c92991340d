-- What the report reads. Times of erasures come from the ledger; these tables say which entries are whose.

-- name: hold_tables()!
-- Against being written anew; a lock takes no snapshot yet.
lock table compliance.cases, compliance.requests in access share mode;

-- name: entries_since(first, last)
select seq, kind, recorded_at, commitment from compliance.entries
where recorded_at >= :first and recorded_at < :last and seq is not null order by seq;

-- name: cases_within(first, last)
-- Open at some moment of the period.
select erasure_id, scope, reason, account_hash, mid_hash, nonce, received_at, due_at, found, state
from compliance.cases where received_at < :last and (closed_at is null or closed_at >= :first)
order by received_at;

-- name: duties_within(first, last)
select d.holder, d.due_at, d.escalation, r.status, r.at from compliance.duties d
join compliance.cases c using (erasure_id)
left join compliance.receipts r using (erasure_id, holder)
where c.received_at < :last and (c.closed_at is null or c.closed_at >= :first);

-- name: requests_within(first, last)
select source, state, refusal, count(*) as requests from compliance.requests
where received_at >= :first and received_at < :last group by 1, 2, 3 order by 1, 2, 3;

-- name: verdicts_within(first, last)
select verdict_id, kind, state, is_finding, account_hash, subject_hash, trigger, text_id, language, author, seconds,
    at, nonce from compliance.verdicts where at >= :first and at < :last order by at;

-- name: cleared_within(first, last)
-- Findings that are none any more.
select v.kind, h.state, count(*) as cleared from compliance.verdict_history h join compliance.verdicts v using (verdict_id)
where v.at >= :first and v.at < :last and not v.is_finding
    and h.state in ('missing', 'late', 'failed', 'typed', 'other_app', 'unexplained')
group by 1, 2 order by 1, 2;

-- name: list_findings(most)
select verdict_id, at, account_hash, kind, state, trigger, author from compliance.verdicts
where is_finding order by at desc limit :most;
