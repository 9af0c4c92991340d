-- name: keep_slices(length, ahead)$
select dispatcher.keep_slices(:length, :ahead);

-- name: old_slices(length)
-- Slices that are over for as long as they lasted, the oldest first.
select name from dispatcher.slices where ends < clock_timestamp() - :length::interval order by ends;

-- name: move_slice(name, most)$
select dispatcher.move_slice(:name, :most);

-- name: drop_slice(name)$
select dispatcher.drop_slice(:name);

-- name: oldest_slice()$
-- Age in seconds of the oldest bytes that may still be there.
select coalesce(extract(epoch from clock_timestamp() - min(begins)), 0)::float from dispatcher.slices
where begins <= clock_timestamp();

-- name: hold_moving()$
-- Nothing moves between slices until the end of this transaction.
select pg_advisory_xact_lock_shared(hashtext('dispatcher.contents.moving'));
