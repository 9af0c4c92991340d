-- Which sealing keys each process has, by name, the one that seals first: a key seals once all of them can open it.
create table keyrings (
    process text primary key,
    keys text[] not null,
    seen_at timestamptz not null default clock_timestamp()
);
