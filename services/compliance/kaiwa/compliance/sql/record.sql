-- Taking in a batch: what it says about messages, and the cases that open.

-- name: lock_alone()$
-- A batch with an unsend waits for the batches in hand elsewhere, and those that follow wait for it. Without
-- this an unsend and a copy in another partition could each commit before seeing the other.
select pg_advisory_xact_lock(hashtext('kaiwa.compliance.index'));

-- name: lock_shared()$
-- A batch without an unsend goes beside any other such batch.
select pg_advisory_xact_lock_shared(hashtext('kaiwa.compliance.index'));

-- name: unsent_among(mid_hashes)
select mid_hash from compliance.unsent where mid_hash = any(:mid_hashes::text[]);

-- name: copies_of(mid_hashes)
select mid_hash, topic, partition, key, record_offset
from compliance.copies where mid_hash = any(:mid_hashes::text[]);

-- name: index_copies(mid_hashes, topics, partitions, keys, offsets)!
insert into compliance.copies as known (mid_hash, topic, partition, key, record_offset)
select * from unnest(:mid_hashes::text[], :topics::text[], :partitions::int[], :keys::bytea[], :offsets::bigint[])
on conflict (mid_hash, topic, partition, key) do update
set record_offset = excluded.record_offset where known.record_offset < excluded.record_offset;

-- name: remember_unsent(mid_hashes)!
insert into compliance.unsent (mid_hash) select unnest(:mid_hashes::text[]) on conflict do nothing;

-- name: forget_unsent(older_than)!
delete from compliance.unsent where noted_at < now() - :older_than::interval;

-- name: open_case(erasure_id, reason, account_id, customer_id, mid, account_hash, customer_hash, mid_hash, nonce, cutoff, appended_at, bound)^
-- Nothing comes back where the case is known already.
insert into compliance.cases (
    erasure_id, reason, account_id, customer_id, mid, account_hash, customer_hash, mid_hash, nonce, cutoff,
    appended_at, due_at)
values (:erasure_id, :reason, :account_id, :customer_id, :mid, :account_hash, :customer_hash, :mid_hash, :nonce,
    :cutoff, :appended_at, now() + :bound::interval)
on conflict do nothing returning erasure_id, account_hash, mid_hash, nonce;

-- name: add_target(erasure_id, topic, partition, key)!
-- A target that is there already gets another tombstone.
insert into compliance.targets (erasure_id, topic, partition, key) values (:erasure_id, :topic, :partition, :key)
on conflict (erasure_id, topic, partition, key) do update set sent_at = null;

-- name: note_receipt(erasure_id, holder, status, count, at)!
-- A receipt for an erasure that is not ours changes nothing.
insert into compliance.receipts (erasure_id, holder, status, count, at)
select c.erasure_id, :holder::text, :status::text, :count::int, :at::timestamptz
from compliance.cases c where c.erasure_id = :erasure_id
on conflict (erasure_id, holder) do update
set status = excluded.status, count = excluded.count, at = excluded.at where receipts.at <= excluded.at;
