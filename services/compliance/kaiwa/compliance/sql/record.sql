-- Taking in a batch: what it says about messages, and the cases that open.

-- name: lock_alone()$
-- A batch with an unsend waits for the batches in hand elsewhere, and those that follow wait for it. Without
-- this an unsend and a copy in another partition could each commit before seeing the other.
select pg_advisory_xact_lock(hashtext('kaiwa.compliance.index'));

-- name: lock_shared()$
-- A batch without an unsend goes beside any other such batch.
select pg_advisory_xact_lock_shared(hashtext('kaiwa.compliance.index'));

-- name: unsent_among(mid_hashes)
-- A cutoff says that a customer or an account was erased as a whole.
select mid_hash, cutoff from compliance.unsent where mid_hash = any(:mid_hashes::text[]);

-- name: searches_awaited(subject_hashes)
-- Of these customers and accounts: up to which cutoff a search that has not begun will find all that comes until then.
select case scope when 'customer' then customer_hash else account_hash end as subject_hash, max(cutoff) as cutoff
from compliance.cases
where awaits_search and case scope when 'customer' then customer_hash else account_hash end = any(:subject_hashes::text[])
group by 1;

-- name: gathering(subject_hashes)
-- Cases of late copies whose order is not out yet. Locked, so that it does not go out without what joins now.
select erasure_id, case scope when 'customer' then customer_hash else account_hash end as subject_hash
from compliance.cases
where state = 'received' and reason = 'late_copy' and scope <> 'message' and ordered_at is null
    and case scope when 'customer' then customer_hash else account_hash end = any(:subject_hashes::text[])
order by erasure_id for update;

-- name: tombstone_again(topics, partitions, keys)$
-- Records of somebody erased that come again under their own key: their tombstone is owed once more, and a case that
-- waits for its verification waits from the start. One that was verified gets another look, see `mark_sent`.
with again as (
    update compliance.targets t set sent_at = null, check_at = null
    from unnest(:topics::text[], :partitions::int[], :keys::bytea[]) as r (topic, partition, key), compliance.cases c
    where (t.topic, t.partition, t.key) = (r.topic, r.partition, r.key) and t.sent_at is not null
        and c.erasure_id = t.erasure_id and c.scope <> 'message'
    returning t.erasure_id
), waiting as (
    update compliance.cases c
    set state = 'received', tombstoned_at = null, check_at = null, unread_since = clock_timestamp()
    where c.state = 'tombstoned' and c.erasure_id in (select erasure_id from again)
)
select count(*) from again;

-- name: copies_of(mid_hashes)
-- `copies` is what releases before 0010 wrote.
select mid_hash, topic, partition, key, max(record_offset) as record_offset from (
    select mid_hash, topic, partition, key, record_offset
    from compliance.places where mid_hash = any(:mid_hashes::text[])
    union all
    select mid_hash, topic, partition, key, record_offset
    from compliance.copies where mid_hash = any(:mid_hashes::text[])) as found
group by mid_hash, topic, partition, key;

-- name: index_copies(mid_hashes, topics, partitions, keys, offsets)!
insert into compliance.places as known (mid_hash, topic, partition, key, record_offset)
select * from unnest(:mid_hashes::text[], :topics::text[], :partitions::int[], :keys::bytea[], :offsets::bigint[])
on conflict (mid_hash, topic, partition, key, noted_on) do update
set record_offset = excluded.record_offset where known.record_offset < excluded.record_offset;

-- name: remember_unsent(mid_hashes)!
insert into compliance.unsent (mid_hash) select unnest(:mid_hashes::text[]) on conflict do nothing;

-- name: remember_erased(subject_hashes, cutoffs)!
insert into compliance.unsent as known (mid_hash, cutoff)
select * from unnest(:subject_hashes::text[], :cutoffs::timestamptz[])
on conflict (mid_hash) do update
set cutoff = greatest(known.cutoff, excluded.cutoff), noted_at = now();

-- name: open_case(erasure_id, reason, scope, request, account_id, customer_id, mid, account_hash, customer_hash, mid_hash, nonce, cutoff, appended_at, bound, located, cause)^
-- Nothing comes back where the case is known already.
insert into compliance.cases (
    erasure_id, reason, scope, request, account_id, customer_id, mid, account_hash, customer_hash, mid_hash, nonce,
    cutoff, appended_at, due_at, located_at, awaits_search, cause)
values (:erasure_id, :reason, :scope, :request, :account_id, :customer_id, :mid, :account_hash, :customer_hash,
    :mid_hash, :nonce, :cutoff, :appended_at, now() + :bound::interval, case when :located::bool then now() end,
    not :located::bool, :cause)
on conflict do nothing returning erasure_id, account_hash, mid_hash, nonce;

-- name: add_targets(erasure_ids, topics, partitions, keys)!
-- A target that is there already gets another tombstone.
insert into compliance.targets (erasure_id, topic, partition, key)
select distinct * from unnest(:erasure_ids::text[], :topics::text[], :partitions::int[], :keys::bytea[])
on conflict (erasure_id, topic, partition, key) do update set sent_at = null, check_at = null;

-- name: charge_holders(erasure_id, names, deadlines, gathers)!
-- Ours, and everybody who is registered now; from when the order goes out.
insert into compliance.duties (erasure_id, holder, due_at)
select :erasure_id, name, now() + :gathers::interval + deadline from (
    select name, deadline from unnest(:names::text[], :deadlines::interval[]) as ours (name, deadline)
    union all select name, deadline from compliance.holders) as owing
on conflict do nothing;

-- name: note_receipt(erasure_id, holder, status, count, at)^
-- `stray`: why nobody owes this receipt, null where it is noted. `after`: seconds since the case opened.
with theirs as (
    select d.holder is not null as owed, extract(epoch from :at::timestamptz - c.received_at)::float8 as after
    from compliance.cases c
    left join compliance.duties d on d.erasure_id = c.erasure_id and d.holder = :holder
    where c.erasure_id = :erasure_id
), judged as (
    select case when exists (select from theirs where owed) then null
        when exists (select from theirs) then 'unknown_holder' else 'unknown_erasure' end as stray
), noted as (
    insert into compliance.receipts (erasure_id, holder, status, count, at)
    select :erasure_id::text, :holder::text, :status::text, :count::int, :at::timestamptz
    from judged where stray is null
    on conflict (erasure_id, holder) do update
    set status = excluded.status, count = excluded.count, at = excluded.at where receipts.at <= excluded.at
), kept_apart as (
    insert into compliance.stray_receipts (erasure_id, holder, status, why, at)
    select :erasure_id::text, :holder::text, :status::text, stray, :at::timestamptz
    from judged where stray is not null
    on conflict do nothing
)
select stray, (select after from theirs) as after from judged;

-- name: ask(code, source, app_id, user_id, account_id, customer_id, within)!
-- The same request again is the same row.
insert into compliance.requests (code, source, app_id, user_id, account_id, customer_id, due_at)
values (:code, :source, :app_id, :user_id, :account_id, :customer_id, now() + :within::interval)
on conflict do nothing;
