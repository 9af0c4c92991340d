-- What people asked for.

-- name: holds()
select account_hash, customer_hash from compliance.legal_holds;

-- name: requests_to_settle(most)
-- New ones first: those in the queue wait for an account to appear, or for an operator.
select code, source, app_id, user_id, account_id, customer_id
from compliance.requests where state in ('received', 'queued')
order by state desc, received_at limit :most for update skip locked;

-- name: request_to_settle(code)^
select code, source, app_id, user_id, account_id, customer_id
from compliance.requests where code = :code and state in ('received', 'queued') for update;

-- name: begin_request(code)!
update compliance.requests set state = 'in_progress' where code = :code;

-- name: queue_request(code)!
update compliance.requests set state = 'queued' where code = :code and state = 'received';

-- name: refuse_request(code, refusal)$
update compliance.requests
set state = 'refused', refusal = :refusal, finished_at = clock_timestamp(), app_id = null, user_id = null,
    account_id = null, customer_id = null
where code = :code and state in ('received', 'queued')
returning source;

-- name: mean(code, account_id, customer_id)!
update compliance.requests set account_id = :account_id, customer_id = :customer_id where code = :code;

-- name: withdraw(erasure_ids, account_ids)!
insert into compliance.withdrawals (erasure_id, account_id)
select * from unnest(:erasure_ids::text[], :account_ids::text[]) on conflict do nothing;

-- name: withdrawals_to_tell(most)
select erasure_id, account_id, noted_at from compliance.withdrawals
where told_at is null order by noted_at limit :most for update skip locked;

-- name: mark_told(erasure_ids)!
update compliance.withdrawals set told_at = clock_timestamp() where erasure_id = any(:erasure_ids::text[]);

-- name: withdrawals_to_end(older_than, most)
select erasure_id from compliance.withdrawals
where ended_at is null and told_at < now() - :older_than::interval order by told_at limit :most for update skip locked;

-- name: end_withdrawals(erasure_ids)!
update compliance.withdrawals set account_id = null, ended_at = clock_timestamp()
where erasure_id = any(:erasure_ids::text[]);

-- name: queued_by_source()
select source, count(*) as requests from compliance.requests where state = 'queued' group by source;

-- name: list_requests(most)
select code, source, state, refusal, received_at, due_at, finished_at, app_id, user_id
from compliance.requests order by (state = 'queued') desc, received_at desc limit :most;

-- name: codes_among(codes)
select code from compliance.requests where code = any(:codes::text[]);

-- name: place_hold(account_hash, customer_hash, reference)!
insert into compliance.legal_holds (account_hash, customer_hash, reference)
values (:account_hash, :customer_hash, :reference)
on conflict (account_hash, customer_hash) do update set reference = excluded.reference;

-- name: lift_hold(account_hash, customer_hash)$
delete from compliance.legal_holds where account_hash = :account_hash and customer_hash = :customer_hash
returning reference;

-- name: list_holds()
select account_hash, customer_hash, reference, placed_at from compliance.legal_holds order by placed_at;
