-- The audit of disclosures. Conversations are locked in the order of their hashes, everywhere.

-- name: audit_begins(topics, partitions, began)!
insert into compliance.audit_read (topic, partition, began_at)
select * from unnest(:topics::text[], :partitions::int[], :began::timestamptz[])
on conflict do nothing;

-- name: audit_is_fresh(topics, partitions, fresh_at)!
update compliance.audit_read r set fresh_at = greatest(r.fresh_at, :fresh_at::timestamptz)
from unnest(:topics::text[], :partitions::int[]) as f (topic, partition)
where (r.topic, r.partition) = (f.topic, f.partition);

-- name: audit_horizon(outcomes, partitions)^
-- Known up to the least fresh partition of all; nothing is known while one of them has not been read to its end.
select case when count(*) = :partitions::int and bool_and(fresh_at is not null) then min(fresh_at) end as known,
    max(began_at) filter (where topic = :outcomes) as began
from compliance.audit_read;

-- name: lock_audited(conversations)
select conversation_hash, history from compliance.audited
where conversation_hash = any(:conversations::text[]) order by conversation_hash for update;

-- name: begin_audited(conversations, accounts, histories)!
insert into compliance.audited (conversation_hash, account_hash, history)
select c.conversation_hash, c.account_hash, c.history
from unnest(:conversations::text[], :accounts::text[], :histories::bytea[])
    as c (conversation_hash, account_hash, history)
order by c.conversation_hash on conflict do nothing;

-- name: lock_audit_shared()$
-- A batch of the audit: whoever is erased from it meanwhile waits for those in hand, and what follows knows of it.
select pg_advisory_xact_lock_shared(hashtext('kaiwa.compliance.audit'));

-- name: lock_audit_alone()$
select pg_advisory_xact_lock(hashtext('kaiwa.compliance.audit'));

-- name: erased_among(subject_hashes)
select mid_hash as subject_hash, cutoff from compliance.unsent
where mid_hash = any(:subject_hashes::text[]) and cutoff is not null;

-- name: keep_histories(conversations, histories)!
update compliance.audited a set history = k.history
from unnest(:conversations::text[], :histories::bytea[]) as k (conversation_hash, history)
where a.conversation_hash = k.conversation_hash;

-- name: drop_audited(conversations)!
delete from compliance.audited where conversation_hash = any(:conversations::text[]);

-- name: drop_audited_of_accounts(accounts)!
delete from compliance.audited where account_hash = any(:accounts::text[]);

-- name: erase_people(customers, accounts, cutoffs)!
-- `customers` is empty where all of an account is meant. Verdicts stay, without whose conversation they are about.
with erased as (
    select * from unnest(:customers::text[], :accounts::text[], :cutoffs::timestamptz[])
        as e (customer_hash, account_hash, cutoff)
), people as (
    delete from compliance.audit_people p using erased e
    where p.at <= e.cutoff and (p.conversation_hash = e.customer_hash
        or e.customer_hash = '' and p.account_hash = e.account_hash)
)
update compliance.verdicts v set conversation_hash = '' from erased e
where v.conversation_hash <> '' and v.at <= e.cutoff and (v.conversation_hash = e.customer_hash
    or e.customer_hash = '' and v.account_hash = e.account_hash);

-- name: keep_audited(conversations, histories, pseudonyms, account_pseudonyms, look_at)!
update compliance.audited a set history = k.history, look_at = k.look_at, read_at = now(),
    pseudonym = coalesce(k.pseudonym, a.pseudonym),
    account_pseudonym = coalesce(k.account_pseudonym, a.account_pseudonym)
from unnest(:conversations::text[], :histories::bytea[], :pseudonyms::text[], :account_pseudonyms::text[],
        :look_at::timestamptz[])
    as k (conversation_hash, history, pseudonym, account_pseudonym, look_at)
where a.conversation_hash = k.conversation_hash;

-- name: audited_to_look_at(known, most)
select conversation_hash, account_hash, history, pseudonym, account_pseudonym from compliance.audited
where look_at <= :known order by conversation_hash limit :most for update skip locked;

-- name: keep_verdicts(verdicts)
-- One that is there keeps its nonce and its message's time; what it says of itself is the newest.
with told as (
    select * from jsonb_to_recordset(:verdicts::jsonb) as v(
        verdict_id text, kind text, state text, is_finding boolean, account_hash text, conversation_hash text,
        subject_hash text, trigger text, text_id text, language text, author text, seconds int, at timestamptz,
        nonce text)
), kept as (
    insert into compliance.verdicts as v (
        verdict_id, kind, state, is_finding, account_hash, conversation_hash, subject_hash, trigger, text_id,
        language, author, seconds, at, nonce)
    select verdict_id, kind, state, is_finding, account_hash, conversation_hash, subject_hash, trigger, text_id,
        language, author, seconds, at, decode(nonce, 'hex') from told
    on conflict (verdict_id) do update set state = excluded.state, is_finding = excluded.is_finding,
        trigger = coalesce(excluded.trigger, v.trigger), text_id = coalesce(excluded.text_id, v.text_id),
        language = coalesce(excluded.language, v.language), author = coalesce(excluded.author, v.author),
        seconds = coalesce(excluded.seconds, v.seconds), changed_at = now()
    where v.state <> excluded.state
    returning v.verdict_id, v.kind, v.state, v.is_finding, v.account_hash, v.subject_hash, v.nonce, v.trigger,
        v.text_id, v.language, v.author, v.seconds, v.at
), noted as (
    insert into compliance.verdict_history (verdict_id, state) select verdict_id, state from kept
)
select * from kept;

-- name: keep_people(mids, accounts, conversations, texts, answered, at)!
insert into compliance.audit_people (mid_hash, account_hash, conversation_hash, text_hash, answered_ms, at)
select * from unnest(:mids::text[], :accounts::text[], :conversations::text[], :texts::text[], :answered::int[],
    :at::timestamptz[])
on conflict (mid_hash) do update set text_hash = excluded.text_hash;

-- name: people_of(accounts, since)
select account_hash, mid_hash, conversation_hash, text_hash, answered_ms, at from compliance.audit_people
where account_hash = any(:accounts::text[]) and at >= :since;

-- name: blank_people(mids)!
-- Unsent: nothing that was derived from the words stays.
update compliance.audit_people set text_hash = '' where mid_hash = any(:mids::text[]);

-- name: forget_audited(people_before, conversations_before)!
with people as (delete from compliance.audit_people where at < :people_before)
delete from compliance.audited where read_at < :conversations_before and look_at is null;

-- name: open_findings()
select kind, state, count(*) as findings from compliance.verdicts where is_finding group by kind, state;

-- name: verdict_to_open(verdict_id)
-- With every state that it ever had.
select v.verdict_id, v.kind, h.state, v.account_hash, v.subject_hash, v.nonce, v.first_at
from compliance.verdicts v join compliance.verdict_history h using (verdict_id) where v.verdict_id = :verdict_id;
