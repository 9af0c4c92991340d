-- A wider case waits for its search: until that begins, whoever reads a record of theirs leaves it to the search. Cases
-- that an older release opened wait for nobody.
alter table compliance.cases add column awaits_search boolean not null default false;
create index cases_awaiting on compliance.cases (erasure_id) where awaits_search;

-- What was tombstoned for somebody is known again by its key.
create index targets_by_key on compliance.targets (key);

-- Whoever is erased leaves the audit, too.
create index audited_by_account on compliance.audited (account_hash);
create index verdicts_by_conversation on compliance.verdicts (conversation_hash) where conversation_hash <> '';
create index audit_people_of_conversation on compliance.audit_people (conversation_hash);
