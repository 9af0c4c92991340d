-- Who holds data, and who is late.

-- name: add_holder(name, deadline)!
insert into compliance.holders (name, deadline) values (:name, :deadline)
on conflict (name) do update set deadline = excluded.deadline;

-- name: list_holders()
-- With what each still owes; holders that were removed and owe something are shown as well.
select coalesce(h.name, d.holder) as name, h.deadline, coalesce(d.owed, 0) as owed, coalesce(d.late, 0) as late
from compliance.holders h full join (
    select d.holder, count(*) as owed, count(*) filter (where d.due_at < now()) as late
    from compliance.duties d join compliance.cases c using (erasure_id)
    where c.state <> 'closed' and not exists (
        select from compliance.receipts r
        where r.erasure_id = d.erasure_id and r.holder = d.holder and r.status <> 'failed')
    group by d.holder) as d on d.holder = h.name
order by 1;

-- name: owed_by(name)$
select count(*) from compliance.duties d join compliance.cases c using (erasure_id)
where d.holder = :name and c.state <> 'closed' and not exists (
    select from compliance.receipts r
    where r.erasure_id = d.erasure_id and r.holder = d.holder and r.status <> 'failed');

-- name: remove_holder(name)$
delete from compliance.holders where name = :name returning name;

-- name: release_holder(name)!
-- What it owed is owed no more; what it said stays.
delete from compliance.duties d using compliance.cases c
where c.erasure_id = d.erasure_id and d.holder = :name and c.state <> 'closed';

-- name: escalate()
-- Late or failed, and nobody has raised the alarm yet.
update compliance.duties d
set escalated_at = now(), escalation = case when owing.status = 'failed' then 'failed' else 'late' end
from (
    select d.erasure_id, d.holder, r.status
    from compliance.duties d
    join compliance.cases c using (erasure_id)
    left join compliance.receipts r using (erasure_id, holder)
    where d.escalated_at is null and c.state <> 'closed'
        and (r.status = 'failed' or (r.status is null and d.due_at < now()))
    for update of d skip locked) as owing
where d.erasure_id = owing.erasure_id and d.holder = owing.holder
returning d.erasure_id, d.holder, d.escalation;

-- name: owed()
-- How many receipts each holder owes, and how many of them are past their deadline.
select d.holder, count(*) as duties, count(*) filter (where d.due_at < now()) as overdue
from compliance.duties d join compliance.cases c using (erasure_id)
where c.state <> 'closed' and not exists (
    select from compliance.receipts r
    where r.erasure_id = d.erasure_id and r.holder = d.holder and r.status <> 'failed')
group by d.holder;

-- name: strays()
select why, count(*) as receipts from compliance.stray_receipts group by why order by why;
