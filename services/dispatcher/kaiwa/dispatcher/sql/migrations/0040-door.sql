-- The door for callers: who may ask over HTTP, and which requests came that way.

-- accounts null is every account. The secret itself is nowhere; after a rotation the old one opens for a while.
create table callers (
    caller_id text primary key,
    name text not null,
    accounts text[],
    lanes text[] not null,
    author_kinds text[] not null,
    per_second real not null check (per_second > 0),
    secret_hash bytea not null,
    previous_hash bytea,
    previous_until timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    rotated_at timestamptz,
    revoked_at timestamptz
);
create unique index callers_named on callers (name) where revoked_at is null;

-- What was done to keys, for whoever asks later.
create table caller_changes (
    id bigint generated always as identity primary key,
    caller_id text not null references callers,
    change text not null check (change in ('created', 'rotated', 'revoked')),
    at timestamptz not null default clock_timestamp()
);

-- Which caller asked for what. The fingerprint is a keyed hash of the request, so that the same id with another body is
-- told; it goes after a day, as the request itself goes from Kafka.
create table door_requests (
    intent_id text primary key,
    account_id text not null,
    request_id text not null,
    customer_id text,
    comment_id text,
    author_kind text not null,
    lane text not null,
    caller_id text not null references callers,
    fingerprint bytea,
    asked_at timestamptz not null default clock_timestamp()
);
create index door_requests_asked on door_requests (asked_at);
create index door_requests_named on door_requests (request_id);
create index door_requests_fresh on door_requests (asked_at) where fingerprint is not null;
create index door_requests_fingerprinted on door_requests (account_id, customer_id) where fingerprint is not null;
