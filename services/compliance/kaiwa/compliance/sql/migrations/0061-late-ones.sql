-- A tombstone that was given again when its case had been verified: the log is read for its record then.
alter table compliance.targets add column check_at timestamptz;
create index targets_to_check on compliance.targets (check_at) where check_at is not null;
