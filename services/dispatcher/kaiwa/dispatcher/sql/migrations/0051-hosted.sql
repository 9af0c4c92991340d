-- Logins that are hosted: an operator's link, the visits that began with it, and backfills that a dispatcher runs.

create table connect_links (
    -- of the secret in the link
    link_hash bytea primary key,
    login text not null check (login in ('facebook', 'instagram')),
    app_id text not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table connect_visits (
    -- of the state that Meta's dialog carries, and of the cookie of the browser that began
    state_hash bytea primary key,
    browser_hash bytea not null,
    link_hash bytea not null references connect_links on delete cascade,
    expires_at timestamptz not null,
    -- when the dialog's answer came: it counts once
    back_at timestamptz,
    -- who logged in, sealed, while they choose among several accounts
    guest bytea
);
create index connect_visits_link on connect_visits (link_hash);

alter table backfills
    add column begun_at timestamptz,
    -- asked for, and leased by the process that runs it
    add column wanted_at timestamptz,
    add column busy_until timestamptz;

-- Whether the last reading of a thread reached back to its beginning: else a customer may have written before that.
alter table conversations add column looked_whole boolean;
