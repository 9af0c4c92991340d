-- A checkpoint in which the signing key changes says so; entries come in unsealed; and reading by time needs no scan.

alter table compliance.checkpoints add column succession jsonb;
create trigger checkpoints_keep_their_successor before update of succession on compliance.checkpoints
    for each statement execute function compliance.refuse();

create trigger entries_begin_unsealed before insert on compliance.entries
    for each row when (new.seq is not null or new.leaf is not null) execute function compliance.refuse();

create index entries_by_time on compliance.entries using brin (recorded_at);
