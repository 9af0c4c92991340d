-- name: show_keyring(process, keys)!
with gone as (delete from dispatcher.keyrings where seen_at < clock_timestamp() - interval '1 hour')
insert into dispatcher.keyrings (process, keys) values (:process, :keys::text[])
on conflict (process) do update set keys = excluded.keys, seen_at = clock_timestamp();

-- name: keyrings(alive)
-- Of the processes that were seen within this time.
select process, keys from dispatcher.keyrings where seen_at > clock_timestamp() - :alive::interval order by process;

-- name: tokens_sealed_before(key, after, most)
-- Tokens that another key sealed, in the order of accounts.
select account_id, sealed_token as sealed from dispatcher.accounts
where sealed_token <> '' and substring(sealed_token from 1 for 8) <> :key::bytea and account_id > :after
order by account_id limit :most;

-- name: reseal_token(sealed, account_id, old)$
update dispatcher.accounts set sealed_token = :sealed::bytea
where account_id = :account_id and sealed_token = :old::bytea
returning true;

-- name: contents_sealed_before(key, after, most)
select intent_id, stored_at, sealed from dispatcher.contents
where substring(sealed from 1 for 8) <> :key::bytea and intent_id > :after
order by intent_id limit :most;

-- name: reseal_content(sealed, intent_id, stored_at, old)$
update dispatcher.contents set sealed = :sealed::bytea
where intent_id = :intent_id and stored_at = :stored_at::timestamptz and sealed = :old::bytea
returning true;

-- name: sealed_otherwise(key)^
select
    (
        select count(*) from dispatcher.accounts
        where sealed_token <> '' and substring(sealed_token from 1 for 8) <> :key::bytea
    ) as tokens,
    (select count(*) from dispatcher.contents where substring(sealed from 1 for 8) <> :key::bytea) as contents;
