-- Contents in slices of time: a deleted row's bytes stay in the heap until its slice is dropped, so every slice is
-- dropped soon, and what is still needed of it moves into a newer one. Parent and children hold ciphertext only, and
-- no statistics of it.

create table slices (
    name text primary key,
    begins timestamptz not null,
    ends timestamptz not null
);

alter table contents rename to contents_before;
alter table contents_before rename constraint contents_pkey to contents_before_pkey;
create table contents (
    intent_id text not null,
    sealed bytea not null,
    stored_at timestamptz not null default clock_timestamp(),
    primary key (intent_id, stored_at)
) partition by range (stored_at);
alter table contents alter column sealed set statistics 0;
alter table contents alter column sealed set storage external;

-- Slices of this length, so many of them ahead of now; attached, since creating them in place would stop everybody.
create function keep_slices(length interval, ahead integer) returns void language plpgsql as $$
declare
    first timestamptz;
    last timestamptz;
    slice text;
begin
    perform pg_advisory_xact_lock(hashtext('dispatcher.slices'));
    loop
        select greatest(max(ends), clock_timestamp() - interval '1 minute') into first from dispatcher.slices;
        exit when first > clock_timestamp() + length * ahead;
        last := first + length;
        slice := 'contents_' || to_char(first at time zone 'utc', 'YYYYMMDDHH24MISSUS');
        insert into dispatcher.slices values (slice, first, last);
        execute format('create table dispatcher.%I (like dispatcher.contents including defaults including storage)', slice);
        execute format('alter table dispatcher.%I alter column sealed set statistics 0', slice);
        execute format(
            'alter table dispatcher.contents attach partition dispatcher.%I for values from (%L) to (%L)', slice, first, last
        );
    end loop;
end $$;

-- Some of what is left in a slice, into the current one; how much it was. Erasures wait for its end, and it for theirs:
-- they would not see a row that moves while they look.
create function move_slice(slice text, most integer) returns integer language plpgsql as $$
declare
    moved integer;
begin
    perform pg_advisory_xact_lock(hashtext('dispatcher.contents.moving'));
    execute format(
        'with gone as ('
        '    delete from dispatcher.%1$I where intent_id in (select intent_id from dispatcher.%1$I limit %2$s)'
        '    returning intent_id, sealed'
        ') insert into dispatcher.contents (intent_id, sealed) select intent_id, sealed from gone', slice, most
    );
    get diagnostics moved = row_count;
    return moved;
end $$;

-- An empty slice goes, with its heap, its index and its TOAST table; false where somebody was quicker.
create function drop_slice(slice text) returns boolean language plpgsql as $$
declare
    held boolean;
begin
    perform set_config('lock_timeout', '500ms', true);
    lock table dispatcher.contents in access exclusive mode;
    execute format('select exists (select from dispatcher.%I)', slice) into held;
    if held then
        return false;
    end if;
    execute format('drop table dispatcher.%I', slice);
    delete from dispatcher.slices where name = slice;
    return true;
end $$;

select keep_slices(interval '15 minutes', 2);
insert into contents (intent_id, sealed) select intent_id, sealed from contents_before;
drop table contents_before;
