-- name: put(topic, key, value, headers)!
insert into dispatcher.outbox (topic, key, value, headers) values (:topic, :key, :value, :headers::jsonb);

-- name: oldest(most)
select id, topic, key, value, headers from dispatcher.outbox order by id limit :most for update skip locked;

-- name: remove(ids)!
delete from dispatcher.outbox where id = any(:ids::bigint[]);
