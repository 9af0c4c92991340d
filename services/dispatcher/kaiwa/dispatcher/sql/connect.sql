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

-- name: activated(state, account_id, sealed_token)$
-- Unless another login came meanwhile.
update dispatcher.accounts set state = :state
where account_id = :account_id and sealed_token = :sealed_token::bytea
returning true;
