-- What analytics counts of an outcome and the outcome itself does not say.
alter table outbox add column measured jsonb;
