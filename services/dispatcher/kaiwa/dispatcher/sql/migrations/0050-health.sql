-- How each account is: what Meta said of it when it was last asked, and what was last heard from it and sent for it.
-- A table of its own: it is written often, and nothing that sends waits for it. Without foreign keys, whose checks lock
-- accounts; whoever needs both locks accounts first, then these.

create table health (
    account_id text primary key,
    -- since when this token is ours, and when it ends: infinity where it does not, null while nobody knows
    token_since timestamptz not null default clock_timestamp(),
    token_expires_at timestamptz,
    -- a keyed fingerprint of the token that a person gave: one that was refreshed since is not overwritten by it
    token_mark text,
    -- what Meta said of token, permissions, eligibility and subscription; null while it has not
    token_valid boolean,
    scopes text[],
    eligible boolean,
    fields text[],
    error_code integer,
    error_subcode integer,
    probed_at timestamptz,
    -- when it is asked again, and how often it did not answer since it last did
    probe_due timestamptz not null default clock_timestamp(),
    failures smallint not null default 0,
    -- the newest webhook, by ingest's clock; from when on silence is unusual, null where there is too little to tell
    heard_at timestamptz,
    silent_from timestamptz,
    sent_at timestamptz,
    -- the newest refusal of a message that somebody has to mend
    failed_at timestamptz,
    failed_code integer,
    failed_subcode integer
);
create index health_due on health (probe_due);

-- Webhooks of a day, and the longest time between two of them.
create table traffic (
    account_id text not null,
    day date not null,
    events bigint not null,
    longest_gap interval not null,
    primary key (account_id, day)
);

-- However an account is registered, its health begins with it.
create function begin_health() returns trigger language plpgsql as $$
begin
    insert into dispatcher.health (account_id) values (new.account_id) on conflict do nothing;
    return new;
end $$;
create trigger accounts_health after insert on accounts for each row execute function begin_health();

insert into health (account_id) select account_id from accounts;
