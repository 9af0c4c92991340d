-- name: connect_account(account_id, app_id, login, page_id, login_user_id, display_name, locale, sealed_token)^
-- A login gives an account its token and leaves the rest as it was configured. One that is new, or was paused, counts as
-- not eligible until the platform has said otherwise. What the platform wants left alone stays so.
insert into dispatcher.accounts as a (
    account_id, app_id, login, page_id, login_user_id, display_name, locale, human_agent, default_app, unknown_echo,
    limits, state, sealed_token, origin, paused_until
)
values (
    :account_id, :app_id, :login, :page_id, :login_user_id, :display_name, :locale, false, true, 'hold', '{}',
    'ineligible', :sealed_token, 'connect',
    (select resumes_at from dispatcher.throttles where scope = 'app' and id = :app_id)
)
on conflict (account_id) do update set
    app_id = excluded.app_id, login = excluded.login, page_id = excluded.page_id,
    login_user_id = excluded.login_user_id, sealed_token = excluded.sealed_token, routing_due = clock_timestamp(),
    state = case a.state when 'paused' then 'ineligible' else a.state end
returning state, origin, xmax = 0 as added;

-- name: to_activate(account_id)^
select account_id, app_id, login, page_id, sealed_token, state from dispatcher.accounts where account_id = :account_id;

-- name: note_life(life, account_id)!
-- When a login's token ends, where Meta says so.
update dispatcher.health set token_expires_at = clock_timestamp() + :life::interval
where account_id = :account_id and :life::interval is not null;

-- name: make_link(link_hash, login, app_id, life)$
insert into dispatcher.connect_links (link_hash, login, app_id, expires_at)
values (:link_hash, :login, :app_id, clock_timestamp() + :life::interval)
returning expires_at;

-- name: look_at_link(link_hash, login)^
select app_id, used_at is not null as used, expires_at <= clock_timestamp() as expired,
    exists (select from dispatcher.connect_visits as v where v.link_hash = l.link_hash) as again
from dispatcher.connect_links as l where link_hash = :link_hash and login = :login;

-- name: begin_visit(link_hash, state_hash, browser_hash, life, most)$
-- Where the link is still good, and has not begun too often.
insert into dispatcher.connect_visits (link_hash, state_hash, browser_hash, expires_at)
select l.link_hash, :state_hash, :browser_hash, clock_timestamp() + :life::interval
from dispatcher.connect_links as l
where l.link_hash = :link_hash and l.used_at is null and l.expires_at > clock_timestamp()
    and (select count(*) from dispatcher.connect_visits as v where v.link_hash = l.link_hash) < :most::integer
returning true;

-- name: come_back(state_hash, browser_hash)^
-- The answer of a dialog, once, in the browser that began, with a link that is still good.
update dispatcher.connect_visits as v set back_at = clock_timestamp()
from dispatcher.connect_links as l
where v.state_hash = :state_hash and v.browser_hash = :browser_hash and v.back_at is null
    and v.expires_at > clock_timestamp() and l.link_hash = v.link_hash and l.used_at is null
returning v.state_hash, v.link_hash, l.login, l.app_id;

-- name: hold_guest(guest, state_hash)!
update dispatcher.connect_visits set guest = :guest where state_hash = :state_hash;

-- name: take_guest(state_hash, browser_hash)^
-- Once, like the answer that it came with.
with held as (
    select state_hash, guest from dispatcher.connect_visits
    where state_hash = :state_hash and browser_hash = :browser_hash and guest is not null
        and expires_at > clock_timestamp()
    for update
)
update dispatcher.connect_visits as v set guest = null
from held, dispatcher.connect_links as l
where v.state_hash = held.state_hash and l.link_hash = v.link_hash and l.used_at is null
returning held.state_hash, held.guest, v.link_hash, l.login, l.app_id;

-- name: use_link(link_hash)$
update dispatcher.connect_links set used_at = clock_timestamp() where link_hash = :link_hash and used_at is null
returning true;

-- name: forget_guests()!
-- Who did not choose in time is forgotten, token and all; a link and its visits a week after its end.
with forgotten as (
    update dispatcher.connect_visits set guest = null where guest is not null and expires_at <= now()
)
delete from dispatcher.connect_links where expires_at < now() - interval '7 days';
