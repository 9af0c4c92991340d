-- name: prepare#
-- The search path is the room's schema alone, here and below.
create table if not exists migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);

-- name: exists()$
select to_regclass('migrations') is not null;

-- name: applied()
select name, checksum from migrations order by name;

-- name: mark(name, checksum)!
insert into migrations (name, checksum) values (:name, :checksum);
