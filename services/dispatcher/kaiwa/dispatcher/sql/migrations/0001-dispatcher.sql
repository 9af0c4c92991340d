-- The dispatcher's memory. The database is the queue: a restart is a query.

create table accounts (
    account_id text primary key,
    app_id text not null,
    login text not null check (login in ('facebook', 'instagram')),
    page_id text,
    login_user_id text,
    display_name text not null,
    locale text not null,
    markets text[] not null default '{}',
    human_agent boolean not null,
    default_app boolean not null,
    unknown_echo text not null check (unknown_echo in ('hold', 'ignore')),
    limits jsonb not null,
    state text not null check (state in ('active', 'paused', 'ineligible', 'needs_reauth', 'restricted')),
    paused_until timestamptz,
    sealed_token bytea not null
);

-- One row per customer and account. It is what is locked, it names the request in flight, and it carries the
-- head of its queue (next_*), so that claiming never looks at the queue behind it.
create table conversations (
    account_id text not null,
    customer_id text not null,
    partition integer not null,
    window_opened_at timestamptz,
    last_customer_at timestamptz,
    control text check (control in ('ours', 'other')),
    control_at timestamptz,
    asked_at timestamptz,
    escalated boolean not null default false,
    released_at timestamptz,
    human_until timestamptz,
    last_human_at timestamptz,
    last_automated_at timestamptz,
    disclosed_at timestamptz,
    erased_before timestamptz,
    in_flight text,
    next_due timestamptz,
    next_lane smallint,
    next_deadline timestamptz,
    primary key (account_id, customer_id)
);
create index conversations_due on conversations (next_lane, next_due)
    where in_flight is null and next_due is not null;

create table intents (
    intent_id text primary key,
    position bigint generated always as identity,
    account_id text not null,
    request_id text not null,
    customer_id text,
    author_kind text not null,
    lane text not null,
    lane_rank smallint not null generated always as (
        case lane when 'human' then 0 when 'transactional' then 1 else 2 end
    ) stored,
    content_kind text,
    pieces smallint not null default 0,
    pieces_sent smallint not null default 0,
    started boolean not null default false,
    state text not null check (state in (
        'queued', 'claimed', 'sending', 'in_doubt', 'sent', 'refused', 'failed', 'expired', 'cancelled'
    )),
    reason text,
    tag text,
    evidence text,
    disclosure jsonb,
    error jsonb,
    window_closes_at timestamptz,
    requested_at timestamptz not null,
    due_at timestamptz not null,
    next_at timestamptz not null,
    expires_at timestamptz,
    attempt smallint not null default 0,
    fence bigint,
    lease_until timestamptz,
    doubt_since timestamptz,
    seq integer not null default 0,
    traceparent text,
    finished_at timestamptz,
    unique (account_id, request_id)
);
create index intents_queue on intents (account_id, customer_id, lane_rank, position) where state = 'queued';
create index intents_leased on intents (lease_until) where state in ('claimed', 'sending');
create index intents_doubted on intents (doubt_since) where state = 'in_doubt';
create index intents_finished on intents (finished_at) where finished_at is not null;
create sequence fences;

-- Ciphertext only, and no statistics of it: the planner's catalogue is a place that nobody erases.
create table contents (
    intent_id text primary key references intents on delete cascade,
    sealed bytea not null
);
alter table contents alter column sealed set statistics 0;
alter table contents alter column sealed set storage external;

-- A message as it was, or is being, handed to the platform; lost: given up without an answer. content_hash is keyed.
create table parts (
    part_id bigint generated always as identity primary key,
    intent_id text not null references intents on delete cascade,
    n smallint not null,
    account_id text not null,
    customer_id text not null,
    state text not null check (state in ('sending', 'in_doubt', 'sent', 'failed', 'lost')),
    kind text not null,
    covers smallint,
    disclosure jsonb,
    content_hash bytea,
    called_at timestamptz not null,
    mid text,
    unique (intent_id, n)
);
create unique index parts_mid on parts (account_id, mid) where mid is not null;
create index parts_hashed on parts (called_at) where content_hash is not null;
create index parts_open on parts (account_id, customer_id) where mid is null and state <> 'failed';

-- Messages that left an account, as the platform reported them; assigned is null while nobody can say whose.
create table echoes (
    account_id text not null,
    mid text not null,
    customer_id text not null,
    kind text not null,
    content_hash bytea,
    occurred_at timestamptz not null,
    assigned text check (assigned in ('ours', 'other')),
    seen_at timestamptz not null default now(),
    primary key (account_id, mid)
);
create index echoes_unassigned on echoes (account_id, customer_id) where assigned is null;
create index echoes_seen on echoes (seen_at);

-- One theoretical arrival time per account and class of call (GCRA).
create table buckets (
    account_id text not null,
    class text not null,
    tat timestamptz not null,
    primary key (account_id, class)
);

-- What must reach Kafka because of a change in this database, in the transaction that made the change.
create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea not null,
    value bytea,
    headers jsonb not null
);

-- Per partition of the events: the moment up to which all that was there has been applied.
create table watermarks (
    partition integer primary key,
    fresh_at timestamptz not null
);

-- Everything that a decision looks at, in one row per conversation.
create view facts as
select
    c.account_id, c.customer_id, c.window_opened_at, c.last_customer_at, c.control, c.asked_at, c.escalated,
    c.human_until, c.last_human_at, c.last_automated_at, c.disclosed_at, c.erased_before, w.fresh_at,
    a.app_id, a.state as account_state, a.login, a.page_id, a.display_name, a.locale, a.human_agent, a.default_app,
    a.paused_until, a.limits, a.sealed_token, clock_timestamp() as now
from conversations as c
join accounts as a using (account_id)
left join watermarks as w using (partition);
