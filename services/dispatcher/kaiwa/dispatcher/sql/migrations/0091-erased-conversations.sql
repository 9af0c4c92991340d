-- Conversations of erased customers: what is taken in for them later goes, too.
create index conversations_erased on conversations (erased_before) where erased_before is not null;
