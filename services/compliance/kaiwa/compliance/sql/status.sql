-- name: progress_of(code)^
-- All that the status page may know.
select state, refusal, received_at, due_at, finished_at from compliance.requests where code = :code;
