-- name: want_backfill(account_id)!
insert into dispatcher.backfills as b (account_id, wanted_at) values (:account_id, clock_timestamp())
on conflict (account_id) do update set wanted_at = coalesce(b.wanted_at, excluded.wanted_at);

-- name: take_backfill(lease)^
-- One that is asked for and that nobody runs, of an account that may be read.
update dispatcher.backfills as b set busy_until = clock_timestamp() + :lease::interval
from (
    select b.account_id from dispatcher.backfills as b join dispatcher.accounts as a using (account_id)
    where b.wanted_at is not null and (b.busy_until is null or b.busy_until < clock_timestamp()) and a.state = 'active'
        and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by b.wanted_at
    limit 1
    for update of b skip locked
) as k
join dispatcher.accounts as a using (account_id)
where b.account_id = k.account_id
returning a.account_id, a.app_id, a.login, a.page_id, a.sealed_token;

-- name: keep_backfill(lease, account_id)!
update dispatcher.backfills set busy_until = clock_timestamp() + :lease::interval where account_id = :account_id;

-- name: end_backfill(account_id)!
update dispatcher.backfills set wanted_at = null, busy_until = null where account_id = :account_id;

-- name: note_whole(whole, account_id, customer_id)!
update dispatcher.conversations set looked_whole = :whole where account_id = :account_id and customer_id = :customer_id;

-- name: gaps(account_id)
-- Of the last run: threads whose 20 newest messages do not hold the customer, unless an event told of one; and
-- conversations that were known before it and were not listed.
select c.customer_id, c.looked_at >= b.begun_at as listed
from dispatcher.conversations as c join dispatcher.backfills as b using (account_id)
where c.account_id = :account_id and c.customer_id <> '' and (
    (c.looked_at >= b.begun_at and c.looked_whole is false and c.last_customer_at is null)
    or (coalesce(c.looked_at, 'epoch') < b.begun_at and c.last_customer_at < b.begun_at)
)
order by c.customer_id;
