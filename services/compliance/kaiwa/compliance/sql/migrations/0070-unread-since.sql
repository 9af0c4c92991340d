-- When a tombstone was owed once more: what its case waits for began then.
alter table compliance.cases add column unread_since timestamptz;
