-- What has had its time.

-- name: today()$
select current_date;

-- name: lock_days()$
select pg_advisory_xact_lock(hashtext('kaiwa.compliance.days'));

-- name: index_days()
select c.relname as name
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'compliance.places'::regclass;

-- name: forget_unsent(older_than)!
delete from compliance.unsent where noted_at < now() - :older_than::interval;

-- name: forget_strays(older_than)!
delete from compliance.stray_receipts where at < now() - :older_than::interval;

-- name: forget_withdrawals(older_than)!
delete from compliance.withdrawals where ended_at < now() - :older_than::interval;

-- name: cases_to_forget(older_than, most)
select c.erasure_id, array(
    select holder from compliance.receipts r where r.erasure_id = c.erasure_id) as holders
from compliance.cases c
where c.state = 'closed' and c.closed_at < now() - :older_than::interval
    and not exists (
        select from compliance.targets t
        where t.erasure_id = c.erasure_id and (t.sent_at is null or t.check_at is not null))
order by c.closed_at limit :most for update of c skip locked;

-- name: forget_cases(erasure_ids)!
delete from compliance.cases where erasure_id = any(:erasure_ids::text[]);

-- name: swept()
select topic, partition, next_offset from compliance.swept;

-- name: mark_swept(topic, partition, next_offset)!
insert into compliance.swept (topic, partition, next_offset) values (:topic, :partition, :next_offset)
on conflict (topic, partition) do update set next_offset = excluded.next_offset;

-- name: ids_taken_out(since)^
-- Cases, requests and withdrawals that let go of their ids since then: when the first did, and what time it is.
select min(at) as oldest, clock_timestamp() as now from (
    select closed_at as at from compliance.cases where closed_at > coalesce(:since::timestamptz, '-infinity')
    union all
    select finished_at from compliance.requests where finished_at > coalesce(:since::timestamptz, '-infinity')
    union all
    select ended_at from compliance.withdrawals where ended_at > coalesce(:since::timestamptz, '-infinity')
) as ended;

-- name: rewrite(of_table)$
select compliance.rewrite(:of_table);
