-- What the platform says of its budgets: how full they are, and until when it wants to be left alone.

create table throttles (
    scope text not null check (scope in ('account', 'app')),
    id text not null,
    percent real,
    heard_at timestamptz,
    -- the end of the last pause, past or to come, and how many followed each other without a calm time between
    resumes_at timestamptz,
    pauses smallint not null default 0,
    primary key (scope, id)
);
