-- Access to an account that its owner took back while a legal hold keeps what was written: the tokens go all the same.
create table compliance.withdrawals (
    erasure_id text primary key,
    account_id text        not null,
    noted_at   timestamptz not null default now(),
    told_at    timestamptz  -- whoever keeps tokens can read it in Kafka since
);
