-- Access that was taken back lets go of its account as a case does, and says when: its table is written anew after that.
alter table compliance.withdrawals alter column account_id drop not null, add column ended_at timestamptz;
