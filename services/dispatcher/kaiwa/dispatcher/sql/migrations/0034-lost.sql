-- Requests that the database did not know when it was restored: a run that is taken up again still lists them.
alter table restores add column lost text[] not null default '{}';
