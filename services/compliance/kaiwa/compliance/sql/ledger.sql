-- name: append_entries(kinds, commitments)!
insert into compliance.entries (kind, commitment) select * from unnest(:kinds::text[], :commitments::bytea[]);

-- name: try_lock_seal()$
select pg_try_advisory_xact_lock(hashtext('kaiwa.compliance.seal'));

-- name: newest_checkpoint()^
select tree_size, root, signed_at, key_id, signature, succession, peaks
from compliance.checkpoints order by tree_size desc limit 1;

-- name: retired_keys()
select distinct key_id from compliance.checkpoints where succession is not null;

-- name: unsealed(most)
select id, kind, recorded_at, commitment from compliance.entries where seq is null order by id limit :most;

-- name: ledger_state()^
select (select coalesce(max(tree_size), 0) from compliance.checkpoints) as size,
    coalesce(extract(epoch from now() - min(recorded_at)), 0)::float8 as oldest_unsealed
from compliance.entries where seq is null;

-- name: seal(ids, seqs, leaves)!
update compliance.entries e set seq = s.seq, leaf = s.leaf
from unnest(:ids::bigint[], :seqs::bigint[], :leaves::bytea[]) as s (id, seq, leaf) where e.id = s.id;

-- name: add_checkpoint(tree_size, root, signed_at, key_id, signature, succession, peaks)!
insert into compliance.checkpoints (tree_size, root, signed_at, key_id, signature, succession, peaks)
values (:tree_size, :root, :signed_at, :key_id, :signature, :succession::jsonb, :peaks::bytea[]);

-- name: checkpoints_to_publish(most)
select tree_size, root, signed_at, key_id, signature, succession from compliance.checkpoints
where published_at is null order by tree_size limit :most for update skip locked;

-- name: mark_published(tree_sizes)!
update compliance.checkpoints set published_at = clock_timestamp() where tree_size = any(:tree_sizes::bigint[]);

-- name: sealed_size()$
select coalesce(max(seq) + 1, 0) from compliance.entries;

-- name: sealed_between(first, last)
-- From the first to before the last.
select seq, kind, recorded_at, commitment, leaf from compliance.entries
where seq >= :first and seq < :last order by seq;

-- name: leaves_before(last)
select leaf from compliance.entries where seq < :last order by seq;

-- name: checkpoints_since(tree_size)
select tree_size, root, signed_at, key_id, signature, succession from compliance.checkpoints
where tree_size >= :tree_size or succession is not null order by tree_size;

-- name: entries_committed(commitments, since)
-- The sealed entries with one of these commitments.
select seq, kind, recorded_at, commitment from compliance.entries
where recorded_at >= :since and seq is not null and commitment = any(:commitments::bytea[]) order by seq;

-- name: entry_numbered(seq)^
select seq, kind, recorded_at, commitment from compliance.entries where seq = :seq;

-- name: cases_to_open(about)
-- An erasure by its id, or all of a request by its code.
select erasure_id, account_hash, mid_hash, nonce, received_at from compliance.cases
where erasure_id = :about or request = :about;
