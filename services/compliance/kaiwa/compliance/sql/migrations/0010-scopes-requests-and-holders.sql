-- More than one message: requests of people, erasures of a customer or an account, who holds data, how long we look.

-- What somebody asked for, as the status page shows it. The ids stand here until it is finished.
create table compliance.requests (
    code        text primary key,  -- the confirmation code: opaque, and all that a person needs to know
    source      text not null check (source in ('callback', 'deauthorisation', 'operator', 'list')),
    state       text not null default 'received'
                check (state in ('received', 'queued', 'in_progress', 'done', 'refused')),
    refusal     text,              -- why, as a code: legal_hold, unmatched, …
    received_at timestamptz not null default now(),
    due_at      timestamptz not null,
    finished_at timestamptz,
    -- whom it is about: a person of an app (a callback, a list), or what is meant by that
    app_id      text,
    user_id     text,              -- app-scoped: no customer's id
    account_id  text,
    customer_id text,
    check ((state in ('done', 'refused')) = (finished_at is not null)),
    check ((state = 'refused') = (refusal is not null))
);
create index requests_open on compliance.requests (state, received_at) where finished_at is null;

-- A case erases one message, or all of a customer, or all of an account, up to its cutoff.
alter table compliance.cases
    add column scope text not null default 'message' check (scope in ('message', 'customer', 'account')),
    add column request text references compliance.requests,  -- null: an unsend asks nobody
    add column located_at timestamptz,                       -- a wider case: when the log was searched for its records
    alter column mid_hash set default '',                    -- a wider case names no message
    drop constraint cases_reason_check,
    add constraint cases_reason_check check (
        reason in ('unsent', 'late_copy', 'data_deletion', 'deauthorised', 'operator', 'list', 'reapplied'));
create index cases_of_request on compliance.cases (request) where request is not null;

-- Erased customers and accounts are remembered as unsent messages are; what happened up to the cutoff goes at once.
alter table compliance.unsent add column cutoff timestamptz;  -- null: a message, whatever its time
create index unsent_wider on compliance.unsent (mid_hash) where cutoff is not null;

-- The index again, by day, so that a day that is past retention is dropped and not deleted row by row.
create table compliance.places (
    mid_hash      text   not null,
    topic         text   not null,
    partition     int    not null,
    key           bytea  not null,
    record_offset bigint not null,
    noted_on      date   not null default current_date,
    primary key (mid_hash, topic, partition, key, noted_on)
) partition by range (noted_on);

-- Who holds data besides ourselves, and how long each may take.
create table compliance.holders (
    name     text primary key,
    deadline interval not null check (deadline > interval '0'),
    added_at timestamptz not null default now()
);

-- Who owes a receipt for a case, by when; those of the moment in which it opened.
create table compliance.duties (
    erasure_id   text not null references compliance.cases on delete cascade,
    holder       text not null,
    due_at       timestamptz not null,
    escalated_at timestamptz,  -- an alarm went out; it stays, for the report
    escalation   text check (escalation in ('late', 'failed')),
    primary key (erasure_id, holder),
    check ((escalated_at is null) = (escalation is null))
);
create index duties_open on compliance.duties (due_at) where escalated_at is null;

-- Receipts that belong to no duty: of nobody who is registered, or for an erasure that is not ours.
create table compliance.stray_receipts (
    erasure_id text not null,
    holder     text not null,
    status     text not null,
    why        text not null check (why in ('unknown_erasure', 'unknown_holder')),
    at         timestamptz not null,
    primary key (erasure_id, holder)
);

-- What must not be deleted, by keyed hashes; it refuses requests and never an unsend.
create table compliance.legal_holds (
    account_hash  text not null,
    customer_hash text not null default '',  -- empty: the whole account
    reference     text not null,             -- the matter, as the lawyers call it
    placed_at     timestamptz not null default now(),
    primary key (account_hash, customer_hash)
);

-- How far each content partition is swept: everything below was older than the retention, and has its tombstone.
create table compliance.swept (
    topic       text   not null,
    partition   int    not null,
    next_offset bigint not null,
    primary key (topic, partition)
);
