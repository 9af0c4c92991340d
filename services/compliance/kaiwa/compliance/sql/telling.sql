-- Facts on their way to analytics.

-- name: note_facts(fact, erasure_ids)!
insert into compliance.facts (fact, erasure_id) select :fact, unnest(:erasure_ids::text[]);

-- name: put_facts(facts, verdicts)!
insert into compliance.facts (fact, verdict)
select * from unnest(:facts::text[], :verdicts::jsonb[]);

-- name: facts_to_tell(most)
select f.id, f.fact, f.erasure_id, f.verdict, f.at, c.scope, c.reason, c.account_id, c.customer_id, c.received_at
from compliance.facts f left join compliance.cases c using (erasure_id)
where f.erasure_id is null or c.erasure_id is not null
order by f.id limit :most for update of f skip locked;

-- name: drop_facts(ids)!
delete from compliance.facts where id = any(:ids::bigint[]);
