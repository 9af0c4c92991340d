-- The audit of disclosures: what it read, what it knows of each conversation, and what it found. Hashes, times and words
-- of ours; no id, no content.

-- How far each partition is read. No verdict about what is absent is older than the least fresh of them.
create table compliance.audit_read (
    topic     text        not null,
    partition int         not null,
    began_at  timestamptz,  -- of the first record read, where that was not the partition's very first
    fresh_at  timestamptz,  -- all that was there at this moment is applied
    primary key (topic, partition)
);

create table compliance.audited (
    conversation_hash text primary key,  -- as the customer_hash of a case
    account_hash      text not null,
    history           bytea not null,    -- facts of the last days, and where it stood before
    pseudonym         text,              -- of the conversation and its account, for analytics; null without
    account_pseudonym text,
    read_at           timestamptz not null default now(),
    look_at           timestamptz        -- when something that is pending can be told
) with (fillfactor = 70);
create index audited_to_look_at on compliance.audited (look_at) where look_at is not null;

create table compliance.verdicts (
    verdict_id        text primary key,
    kind              text not null,   -- disclosure, author, tag, human
    state             text not null,
    is_finding        boolean not null,
    account_hash      text not null,
    conversation_hash text not null,
    subject_hash      text not null,   -- the message
    trigger           text,
    text_id           text,
    language          text,
    author            text,
    seconds           int,
    at                timestamptz not null,  -- of the message
    nonce             bytea not null,        -- opens the ledger's commitments
    first_at          timestamptz not null default now(),
    changed_at        timestamptz not null default now()
);
create index verdicts_open on compliance.verdicts (kind, state) where is_finding;
create index verdicts_by_time on compliance.verdicts (at);

-- A finding that was cleared was one all the same.
create table compliance.verdict_history (
    verdict_id text not null references compliance.verdicts on delete cascade,
    state      text not null,
    at         timestamptz not null default clock_timestamp(),
    primary key (verdict_id, at, state)
);

-- Messages by persons, for two days: enough to see who might be none.
create table compliance.audit_people (
    mid_hash          text primary key,
    account_hash      text not null,
    conversation_hash text not null,
    text_hash         text not null,
    answered_ms       int,
    at                timestamptz not null
);
create index audit_people_of_account on compliance.audit_people (account_hash, at);

-- Facts on their way to analytics, written with what they tell and gone once Kafka has them.
create table compliance.facts (
    id         bigint generated always as identity primary key,
    fact       text not null,
    erasure_id text,          -- of an erasure: the rest is read from its case
    verdict    jsonb,         -- of a verdict: all there is to say
    at         timestamptz not null default clock_timestamp()
);
