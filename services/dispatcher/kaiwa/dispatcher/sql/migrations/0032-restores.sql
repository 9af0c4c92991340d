-- Runs of `kaiwa db after-restore`: one that was broken off is taken up again, and nothing is sent meanwhile.
create table restores (
    begun_at timestamptz primary key default clock_timestamp(),
    since timestamptz not null,
    finished_at timestamptz
);
