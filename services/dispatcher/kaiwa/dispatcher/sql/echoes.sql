-- name: note_echoes(echoes)!
-- One whose mid an answer has named already is explained.
insert into dispatcher.echoes (account_id, mid, customer_id, kind, content_hash, occurred_at, assigned)
select account_id, mid, customer_id, kind, decode(content_hash, 'hex'), occurred_at,
    case when exists (
        select from dispatcher.parts as p where p.account_id = r.account_id and p.mid = r.mid and p.state = 'sent'
    ) then 'ours' end
from jsonb_to_recordset(:echoes::jsonb) as r(
    account_id text, mid text, customer_id text, kind text, content_hash text, occurred_at timestamptz
)
on conflict do nothing;

-- name: unassigned(account_id, customer_id)
select mid, kind, content_hash, occurred_at from dispatcher.echoes
where account_id = :account_id and customer_id = :customer_id and assigned is null;

-- name: open_parts(account_id, mids, customer_id)
-- Parts that one of these echoes might show: by mid, or by content where no answer gave a mid.
select p.part_id, p.state, p.mid, p.kind, p.content_hash, p.called_at
from dispatcher.parts as p
where (p.account_id = :account_id and p.mid = any(:mids::text[]))
    or (p.account_id = :account_id and p.customer_id = :customer_id
        and p.mid is null and p.state <> 'failed' and p.kind not in ('reaction', 'action', 'control'));

-- name: assign(assigned, account_id, mid)!
update dispatcher.echoes set assigned = :assigned where account_id = :account_id and mid = :mid;

-- name: lock_waiting()
-- Conversations with echoes that nobody could explain while something was in flight.
select c.account_id, c.customer_id
from dispatcher.conversations as c
where c.in_flight is null and (c.account_id, c.customer_id) in (
    select e.account_id, e.customer_id from dispatcher.echoes as e where e.assigned is null limit 100
)
for update skip locked;

-- name: unexplained(accounts, customers)
-- Conversations with echoes of which nobody can say whose they are.
select distinct account_id, customer_id from dispatcher.echoes
join unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id) using (account_id, customer_id)
where assigned is null
order by account_id, customer_id;

-- name: mid_is_taken(account_id, mid)$
select exists (select from dispatcher.parts where account_id = :account_id and mid = :mid);

-- name: forget_echoes()!
delete from dispatcher.echoes where seen_at < clock_timestamp() - interval '3 days';
