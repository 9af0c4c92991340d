-- What expires while it waits, in an account that is paused or behind others of its conversation.
create index intents_expiring on intents (account_id, expires_at) where state = 'queued' and expires_at is not null;
