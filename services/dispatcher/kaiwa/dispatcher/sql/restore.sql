-- name: unknown_outcomes(accounts, requests, seqs)
-- Which of these outcomes, of accounts of ours, tell what this database does not know.
select k.account_id, k.request_id
from unnest(:accounts::text[], :requests::text[], :seqs::integer[]) as k(account_id, request_id, seq)
join dispatcher.accounts as a using (account_id)
left join dispatcher.intents as i using (account_id, request_id)
where i.seq is null or i.seq < k.seq;

-- name: open_restore()^
select begun_at, since, lost from dispatcher.restores where finished_at is null order by begun_at limit 1;

-- name: known_until()$
-- Everything before this moment has been applied; null where nothing ever was.
select min(fresh_at) from dispatcher.watermarks;

-- name: begin_restore(since)!
insert into dispatcher.restores (since) values (:since);

-- name: note_lost(intents)!
update dispatcher.restores set lost = :intents where finished_at is null;

-- name: end_restores()!
update dispatcher.restores set finished_at = clock_timestamp() where finished_at is null;

-- name: others_at_work()$
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'kaiwa-dispatcher' and pid <> pg_backend_pid();

-- name: unfinished(after, most)
-- What the old database may have called since the copy was made, in pages.
select
    i.intent_id, i.position, i.account_id, i.request_id, i.customer_id, i.comment_id, i.author_kind, i.state, i.content_kind,
    i.pieces, i.seq, i.requested_at, t.sealed
from dispatcher.intents as i
left join dispatcher.contents as t using (intent_id)
where i.state in ('queued', 'claimed', 'sending', 'in_doubt') and i.due_at <= clock_timestamp() and i.position > :after
order by i.position
limit :most;

-- name: catch_up(seq, intent_id)!
update dispatcher.intents set seq = greatest(seq, :seq) where intent_id = :intent_id;

-- name: let_go(intent_id)!
update dispatcher.conversations as c set in_flight = null from dispatcher.intents as i
where i.intent_id = :intent_id and c.account_id = i.account_id and c.customer_id = i.customer_id
    and c.in_flight = i.intent_id;

-- name: doubt_whole(kind, content_hash, called_at, intent_id)^
-- All of it in one part, so that evidence ends it and nothing more of it is sent.
with lost as (
    update dispatcher.parts set state = 'lost', retried = true
    where intent_id = :intent_id and state in ('sending', 'in_doubt')
)
insert into dispatcher.parts (intent_id, n, account_id, customer_id, state, kind, covers, content_hash, called_at)
select
    i.intent_id, 1 + (select count(*) from dispatcher.parts as p where p.intent_id = i.intent_id), i.account_id,
    i.customer_id, 'in_doubt', :kind, greatest(i.pieces - 1, 0), decode(:content_hash, 'hex'), :called_at
from dispatcher.intents as i where i.intent_id = :intent_id
returning part_id, intent_id, kind;

-- name: apply_outcome(state, reason, tag, evidence, disclosure, error, attempt, seq, decided_at, pieces_sent, intent_id)!
update dispatcher.intents set state = :state, reason = :reason, tag = :tag, evidence = :evidence,
    disclosure = :disclosure::jsonb, error = :error::jsonb, attempt = :attempt, seq = greatest(seq, :seq),
    finished_at = :decided_at, pieces_sent = greatest(pieces_sent, :pieces_sent), fence = null, lease_until = null,
    doubt_since = null, started = true
where intent_id = :intent_id;

-- name: replace_parts(parts, decided_at, intent_id)!
with old as (delete from dispatcher.parts where intent_id = :intent_id)
insert into dispatcher.parts (intent_id, n, account_id, customer_id, state, kind, called_at, mid)
select i.intent_id, 1000 + r.n, i.account_id, i.customer_id, r.state, coalesce(i.content_kind, 'unknown'), :decided_at, r.mid
from jsonb_to_recordset(:parts::jsonb) as r(n smallint, state text, mid text)
join dispatcher.intents as i on i.intent_id = :intent_id;

-- name: remember_lost(intent_id, account_id, request_id, customer_id, author_kind, lane, at)!
-- A request of which nothing but its outcomes is left.
insert into dispatcher.intents (
    intent_id, account_id, request_id, customer_id, author_kind, lane, pieces, state, requested_at, due_at, next_at
)
values (
    :intent_id, :account_id, :request_id, coalesce(:customer_id, ''), :author_kind, :lane, 1, 'queued', :at, :at, :at
)
on conflict do nothing;

-- name: rest_hourly_buckets()!
-- What an hour allows was spent, as far as anybody knows.
update dispatcher.buckets set tat = greatest(tat, clock_timestamp() + interval '1 hour') where class = 'private_reply';

-- name: intent_exists(intent_id)$
select exists (select from dispatcher.intents where intent_id = :intent_id);

-- name: describe_lost(intents)
select request_id, account_id, customer_id, state, reason from dispatcher.intents
where intent_id = any(:intents::text[]) order by position;
