-- name: note_echoes(echoes)!
-- One whose mid an answer has named already is explained. (With `exists` all that was ever sent is read and hashed.)
insert into dispatcher.echoes (account_id, mid, customer_id, kind, content_hash, occurred_at, assigned)
select account_id, mid, customer_id, kind, decode(content_hash, 'hex'), occurred_at,
    (
        select 'ours' from dispatcher.parts as p
        where p.account_id = r.account_id and p.mid = r.mid and p.state = 'sent' limit 1
    )
from jsonb_to_recordset(:echoes::jsonb) as r(
    account_id text, mid text, customer_id text, kind text, content_hash text, occurred_at timestamptz
)
on conflict do nothing;

-- name: unexplained(accounts, customers)
-- Echoes of these (locked) conversations of which nobody can say yet whose they are. One that shows what an answer has
-- named meanwhile is explained here, as most are; whatever an echo of another kind shows is for `attribute` to say.
with seen as (
    select account_id, mid, customer_id, kind, content_hash, occurred_at from dispatcher.echoes
    join unnest(:accounts::text[], :customers::text[]) as k(account_id, customer_id) using (account_id, customer_id)
    where assigned is null
), named as (
    update dispatcher.echoes as e set assigned = 'ours' from seen join dispatcher.parts as p using (account_id, mid)
    where e.account_id = seen.account_id and e.mid = seen.mid and p.state = 'sent'
    returning e.account_id, e.mid
)
select account_id, customer_id, mid, kind, content_hash, occurred_at from seen
where (account_id, mid) not in (select account_id, mid from named)
order by account_id, customer_id;

-- name: open_parts(accounts, mids, customers)
-- Parts that these echoes, each of a conversation, might show: by mid, or by content where no answer gave a mid.
with seen as (select * from unnest(:accounts::text[], :customers::text[], :mids::text[]) as k(account_id, customer_id, mid))
select seen.account_id, seen.customer_id, p.part_id, p.state, p.mid, p.kind, p.content_hash, p.called_at
from seen join dispatcher.parts as p using (account_id, mid)
union
select account_id, customer_id, p.part_id, p.state, p.mid, p.kind, p.content_hash, p.called_at
from seen join dispatcher.parts as p using (account_id, customer_id)
where p.mid is null and p.state <> 'failed' and p.kind not in ('reaction', 'action', 'control');

-- name: assign(accounts, mids, owners)!
update dispatcher.echoes as e set assigned = k.owner
from unnest(:accounts::text[], :mids::text[], :owners::text[]) as k(account_id, mid, owner)
where e.account_id = k.account_id and e.mid = k.mid;

-- name: lock_waiting()
-- Conversations with echoes that nobody could explain while something was in flight.
select c.account_id, c.customer_id
from dispatcher.conversations as c
where c.in_flight is null and (c.account_id, c.customer_id) in (
    select e.account_id, e.customer_id from dispatcher.echoes as e where e.assigned is null limit 100
)
for update skip locked;

-- name: mid_is_taken(account_id, mid)$
select exists (select from dispatcher.parts where account_id = :account_id and mid = :mid);

-- name: forget_echoes()!
delete from dispatcher.echoes where seen_at < now() - interval '3 days';
