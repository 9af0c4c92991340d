-- The duty to delete, and the proof that it was done. No content in any column; ids only while a case is open.

-- Where the records are that carry a message. Filled from every record in which a mid can be read.
create table compliance.copies (
    mid_hash      text     not null,  -- keyed hash of account and mid; of the mid alone for quarantine
    topic         text     not null,
    partition     int      not null,
    key           bytea    not null,
    record_offset bigint   not null,  -- the newest seen: a later one is a new copy, an earlier one a replay
    primary key (mid_hash, topic, partition, key)
);

-- Messages that were unsent: whatever carries one from now on goes at once.
create table compliance.unsent (
    mid_hash text primary key,
    noted_at timestamptz not null default now()
);

create table compliance.cases (
    erasure_id    text primary key,
    reason        text not null check (reason in ('unsent', 'late_copy')),
    state         text not null default 'received'
                  check (state in ('received', 'tombstoned', 'verified', 'closed')),
    -- whom it is about, until it closes
    account_id    text,
    customer_id   text,
    mid           text,
    -- and what is left of that afterwards
    account_hash  text,
    customer_hash text,
    mid_hash      text not null,
    nonce         bytea not null,        -- opens the ledger's commitments; goes when the case goes
    cutoff        timestamptz not null,  -- what existed then is to be deleted
    appended_at   timestamptz not null,  -- when Kafka had the record that opened the case
    received_at   timestamptz not null default now(),
    due_at        timestamptz not null,  -- everywhere gone by then
    ordered_at    timestamptz,
    tombstoned_at timestamptz,
    check_at      timestamptz,           -- when the log is read again
    verified_at   timestamptz,
    closed_at     timestamptz,
    found         int not null default 0 -- verifications that still found something
);
create index cases_open on compliance.cases (state, received_at) where state <> 'closed';

-- The records of a case: each needs a tombstone that Kafka acknowledged.
create table compliance.targets (
    erasure_id text  not null references compliance.cases on delete cascade,
    topic      text  not null,
    partition  int   not null,
    key        bytea not null,
    sent_at    timestamptz,
    primary key (erasure_id, topic, partition, key)
);
create index targets_unsent on compliance.targets (erasure_id) where sent_at is null;

-- The holders' words.
create table compliance.receipts (
    erasure_id text not null references compliance.cases on delete cascade,
    holder     text not null,
    status     text not null check (status in ('done', 'nothing_found', 'failed')),
    count      int not null,
    at         timestamptz not null,
    primary key (erasure_id, holder)
);

-- The ledger. Entries are inserted by business transactions and numbered by one sealer; from then on they stand.
create table compliance.entries (
    id          bigint generated always as identity primary key,
    kind        text        not null,
    recorded_at timestamptz not null default clock_timestamp(),
    commitment  bytea       not null,  -- SHA-256(nonce || subject): nothing about anybody
    seq         bigint unique,         -- its leaf in the Merkle tree, without gaps from 0
    leaf        bytea
);
create index entries_unsealed on compliance.entries (id) where seq is null;

create table compliance.checkpoints (
    tree_size    bigint primary key,
    root         text    not null,
    signed_at    text    not null,  -- as it was signed
    key_id       text    not null,
    signature    text    not null,
    peaks        bytea[] not null,  -- what the tree needs to grow
    published_at timestamptz
);

create function compliance.refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger only grows: % on % is refused', tg_op, tg_table_name;
end $$;

create trigger entries_stand before delete or truncate on compliance.entries
    for each statement execute function compliance.refuse();
create trigger entries_keep_their_words before update of id, kind, recorded_at, commitment on compliance.entries
    for each statement execute function compliance.refuse();
create trigger entries_keep_their_place before update on compliance.entries
    for each row when (old.seq is not null) execute function compliance.refuse();

create trigger checkpoints_stand before delete or truncate on compliance.checkpoints
    for each statement execute function compliance.refuse();
create trigger checkpoints_keep_their_words
    before update of tree_size, root, signed_at, key_id, signature, peaks on compliance.checkpoints
    for each statement execute function compliance.refuse();
