-- name: put_all(topics, keys, values, headers, measured)!
insert into dispatcher.outbox (topic, key, value, headers, measured)
select topic, key, value, headers::jsonb, measured::jsonb
from unnest(:topics::text[], :keys::bytea[], :values::bytea[], :headers::text[], :measured::text[])
    with ordinality as r(topic, key, value, headers, measured, ordinal)
order by ordinal;

-- name: try_lock_relay(key)$
-- One relay at a time, so that records of one key keep their order; the lock ends with the transaction.
select pg_try_advisory_xact_lock(:key);

-- name: take_oldest(most)
-- Gone, once the transaction that publishes them commits.
with gone as (
    delete from dispatcher.outbox where id = any(array(select id from dispatcher.outbox order by id limit :most))
    returning id, topic, key, value, headers, measured
)
select id, topic, key, value, headers, measured from gone order by id;
