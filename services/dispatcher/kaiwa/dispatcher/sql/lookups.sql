-- name: want_look(account_id, customer_id)!
update dispatcher.conversations set look_due = coalesce(look_due, clock_timestamp())
where account_id = :account_id and customer_id = :customer_id;

-- name: take_looks(lease, most)
-- Threads to read, for so long this process's: another one takes them over if it dies. Those of a paused account wait.
update dispatcher.conversations as c set look_due = clock_timestamp() + :lease::interval
from (
    select c.account_id, c.customer_id from dispatcher.conversations as c join dispatcher.accounts as a using (account_id)
    where c.look_due <= now() and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by c.look_due
    limit :most
    for update of c skip locked
) as k
join dispatcher.accounts as a using (account_id)
where c.account_id = k.account_id and c.customer_id = k.customer_id
returning c.account_id, c.customer_id, a.app_id, a.login, a.page_id, a.sealed_token;

-- name: looked(heard_at, account_id, customer_id)!
-- What the thread says joins what the events say; heard_at is null where the customer is not among the newest messages.
update dispatcher.conversations set looked_at = clock_timestamp(), look_due = null, look_failures = 0,
    window_opened_at = greatest(window_opened_at, :heard_at::timestamptz),
    last_customer_at = greatest(last_customer_at, :heard_at::timestamptz)
where account_id = :account_id and customer_id = :customer_id;

-- name: look_failed(pause, most, account_id, customer_id)!
-- It is asked again, up to a point: then unknown stays unknown, which is closed to who asked so far.
update dispatcher.conversations set look_failures = look_failures + 1,
    look_due = case when look_failures + 1 < :most::integer then clock_timestamp() + :pause::interval end,
    looked_at = case when look_failures + 1 >= :most::integer then clock_timestamp() end
where account_id = :account_id and customer_id = :customer_id;

-- name: want_owner(account_id, customer_id)!
update dispatcher.conversations set owner_due = coalesce(owner_due, clock_timestamp())
where account_id = :account_id and customer_id = :customer_id;

-- name: take_owners(lease, most)
-- Threads whose owner is to be asked for, leased like the threads to read.
update dispatcher.conversations as c set owner_due = clock_timestamp() + :lease::interval
from (
    select c.account_id, c.customer_id from dispatcher.conversations as c join dispatcher.accounts as a using (account_id)
    where c.owner_due <= now() and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by c.owner_due
    limit :most
    for update of c skip locked
) as k
join dispatcher.accounts as a using (account_id)
where c.account_id = k.account_id and c.customer_id = k.customer_id
returning c.account_id, c.customer_id, a.app_id, a.login, a.page_id, a.sealed_token;

-- name: owner_asked(at, account_id, customer_id)!
update dispatcher.conversations set owner_asked_at = :at::timestamptz, owner_due = null, owner_failures = 0
where account_id = :account_id and customer_id = :customer_id;

-- name: owner_failed(pause, most, account_id, customer_id)!
-- It is asked again, up to a point: then it is decided by what is known.
update dispatcher.conversations set
    owner_failures = case when owner_failures + 1 < :most::integer then owner_failures + 1 else 0 end,
    owner_due = case when owner_failures + 1 < :most::integer then clock_timestamp() + :pause::interval end,
    owner_asked_at = case when owner_failures + 1 >= :most::integer then clock_timestamp() else owner_asked_at end
where account_id = :account_id and customer_id = :customer_id;

-- name: take_modes(lease, most)
-- Accounts whose routing is to be looked at; nobody else does until the lease is over.
update dispatcher.accounts as a set routing_due = clock_timestamp() + :lease::interval
from (
    select account_id from dispatcher.accounts as a
    where login = 'facebook' and state = 'active' and routing_due <= clock_timestamp()
        and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by routing_due
    limit :most
    for update skip locked
) as k
where a.account_id = k.account_id
returning a.account_id, a.app_id, a.login, a.page_id, a.sealed_token, a.routing;

-- name: note_mode(routing, pause, account_id)!
update dispatcher.accounts set routing = :routing::text, routing_due = clock_timestamp() + :pause::interval
where account_id = :account_id;

-- name: open_accounts()$
select count(*) from dispatcher.accounts where routing = 'open' and state <> 'paused';

-- name: wake_due(account_id, customer_id)!
-- What was due and waited for knowledge alone.
update dispatcher.intents set next_at = clock_timestamp()
where account_id = :account_id and customer_id = :customer_id and state = 'queued'
    and due_at <= clock_timestamp() and next_at > clock_timestamp();

-- name: begin_backfill(account_id)^
-- Where the last run stopped; from the beginning where it came to the end.
insert into dispatcher.backfills as b (account_id, begun_at) values (:account_id, clock_timestamp())
on conflict (account_id) do update set
    begun_at = case when b.finished_at is null and b.begun_at is not null then b.begun_at else clock_timestamp() end,
    cursor = case when b.finished_at is null then b.cursor end,
    threads = case when b.finished_at is null then b.threads else 0 end,
    heard = case when b.finished_at is null then b.heard else 0 end,
    finished_at = null
returning cursor, threads, heard;

-- name: account_login(account_id)^
select account_id, app_id, login, page_id, sealed_token from dispatcher.accounts where account_id = :account_id;

-- name: note_backfill(account_id, cursor, threads, heard)!
update dispatcher.backfills set cursor = :cursor::text, threads = :threads, heard = :heard,
    finished_at = case when :cursor::text is null then clock_timestamp() end
where account_id = :account_id;
