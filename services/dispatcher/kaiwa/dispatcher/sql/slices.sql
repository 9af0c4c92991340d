-- name: keep_slices(length, ahead)$
select dispatcher.keep_slices(:length, :ahead);

-- name: old_slices(length)
-- Slices that are over for as long as they lasted, the oldest first.
select name from dispatcher.slices where ends < clock_timestamp() - :length::interval order by ends;

-- name: clear_slice(name, grace)$
select dispatcher.clear_slice(:name, :grace);

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

-- name: note_erased(erasure_id, ordered_at)!
-- An order that comes again, and finds nothing by then, is not noted again.
insert into dispatcher.erased (erasure_id, ordered_at) values (:erasure_id, :ordered_at) on conflict do nothing;

-- name: erased_off_disk()
-- A row only ever stood in slices that had begun before it was deleted: without those its bytes are gone. Seconds from
-- the order until now.
delete from dispatcher.erased e
where not exists (select from dispatcher.slices s where s.begins <= e.erased_at)
returning greatest(extract(epoch from clock_timestamp() - e.ordered_at), 0)::float as seconds;

-- name: erased_on_disk()$
-- Seconds since the oldest order whose bytes may still be there.
select coalesce(greatest(extract(epoch from clock_timestamp() - min(ordered_at)), 0), 0)::float from dispatcher.erased;
