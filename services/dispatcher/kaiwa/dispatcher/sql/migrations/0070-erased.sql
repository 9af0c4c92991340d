-- Orders whose rows are deleted while their bytes may still stand in a slice that had begun by then.
create table erased (
    erasure_id text primary key,
    ordered_at timestamptz not null,  -- since when Kafka has had the order
    erased_at timestamptz not null default clock_timestamp()
);
