-- Second tries: an error of Meta's whose thread proves that nothing was sent, media that could not be fetched.

-- How often the current piece was tried again, and whether the doubt it is in allows it.
alter table intents
    add column retries smallint not null default 0,
    add column retry boolean not null default false;

-- A lost attempt that another one replaced: it is told to nobody, unless its echo shows that it was sent after all.
alter table parts add column retried boolean not null default false;
