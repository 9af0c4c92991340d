-- name: note_comments(comments)!
-- The earliest delivery counts; who wrote it was known with the first.
insert into dispatcher.comments as g (account_id, comment_id, customer_id, seen_at, live)
select account_id, comment_id, customer_id, seen_at, live
from jsonb_to_recordset(:comments::jsonb) as r(
    account_id text, comment_id text, customer_id text, seen_at timestamptz, live boolean
)
order by account_id, comment_id
on conflict (account_id, comment_id) do update set seen_at = least(g.seen_at, excluded.seen_at);

-- name: commenters(accounts, comments)
select account_id, comment_id, g.customer_id
from unnest(:accounts::text[], :comments::text[]) as k(account_id, comment_id)
join dispatcher.comments as g using (account_id, comment_id);

-- name: want_comment(account_id, comment_id)!
update dispatcher.comments set look_due = coalesce(look_due, clock_timestamp())
where account_id = :account_id and comment_id = :comment_id;

-- name: take_comments(lease, most)
-- Comments whose own time is to be read, leased like the threads to read.
update dispatcher.comments as g set look_due = clock_timestamp() + :lease::interval
from (
    select g.account_id, g.comment_id from dispatcher.comments as g join dispatcher.accounts as a using (account_id)
    where g.look_due <= now() and (a.paused_until is null or a.paused_until <= clock_timestamp())
    order by g.look_due
    limit :most
    for update of g skip locked
) as k
join dispatcher.accounts as a using (account_id)
where g.account_id = k.account_id and g.comment_id = k.comment_id
returning g.account_id, g.comment_id, g.customer_id, a.app_id, a.login, a.page_id, a.sealed_token;

-- name: comment_read(created_at, account_id, comment_id)!
update dispatcher.comments set created_at = :created_at::timestamptz, looked_at = clock_timestamp(), look_due = null
where account_id = :account_id and comment_id = :comment_id;

-- name: comment_unread(pause, most, account_id, comment_id)!
-- It is read again, up to a point: then it counts as too old.
update dispatcher.comments set look_failures = look_failures + 1,
    look_due = case when look_failures + 1 < :most::integer then clock_timestamp() + :pause::interval end,
    looked_at = case when look_failures + 1 >= :most::integer then clock_timestamp() end
where account_id = :account_id and comment_id = :comment_id;

-- name: take_grant(intent_id, account_id, comment_id)$
-- The one private reply, for good or until its call certainly sent nothing.
update dispatcher.comments set used_by = :intent_id
where account_id = :account_id and comment_id = :comment_id and coalesce(used_by, :intent_id) = :intent_id
returning true;

-- name: give_grant_back(account_id, comment_id, intent_id)!
update dispatcher.comments set used_by = null
where account_id = :account_id and comment_id = :comment_id and used_by = :intent_id;

-- name: name_commenter(customer_id, account_id, comment_id)!
update dispatcher.comments set customer_id = :customer_id
where account_id = :account_id and comment_id = :comment_id and customer_id <> :customer_id;

-- name: lock_room(account_id, customer_id)$
select true from dispatcher.conversations
where account_id = :account_id and customer_id = :customer_id
for update skip locked;

-- name: move_in(customer_id, bucket, intent_id)!
update dispatcher.intents set customer_id = :customer_id, bucket = :bucket where intent_id = :intent_id;

-- name: move_part(customer_id, part_id)!
update dispatcher.parts set customer_id = :customer_id where part_id = :part_id;

-- name: forget_comments()!
delete from dispatcher.comments where seen_at < now() - interval '30 days';

-- name: erase_comments(account_id, customer_id)!
delete from dispatcher.comments where account_id = :account_id and customer_id = :customer_id;

-- name: forget_empty_rooms()!
-- The rooms of private replies whose customer is known by now, or never will be.
delete from dispatcher.conversations as c
where c.partition < 0 and c.in_flight is null and not exists (
    select from dispatcher.intents as i
    where i.account_id = c.account_id and i.customer_id = c.customer_id and i.finished_at is null
);
