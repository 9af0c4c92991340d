-- Thread control, what an account wants around its automation, comments' own times, and uploads that are used again.

alter table conversations
    -- until when the owner's term lasts, where more is known than the 24 hours after the customer's last message
    add column control_until timestamptz,
    -- when the platform was last asked who the owner is, whatever became of it; when it is to be asked
    add column owner_asked_at timestamptz,
    add column owner_due timestamptz,
    add column owner_failures smallint not null default 0,
    drop constraint conversations_control_check,
    add constraint conversations_control_check check (control in ('ours', 'other', 'idle'));
create index conversations_owner_looks on conversations (owner_due) where owner_due is not null;

-- A request about who controls the thread: the action and its parameters, no content.
alter table intents add column thread_control jsonb;

alter table accounts
    -- conversation routing: with a default app, or open to every connected app; null while nobody knows
    add column routing text check (routing in ('routed', 'open')),
    add column routing_due timestamptz not null default clock_timestamp(),
    -- what automation shows before it answers
    add column presence text not null default 'off' check (presence in ('off', 'seen', 'typing')),
    -- what automation does while a person handles the conversation, and for how long a message of theirs counts;
    -- null is the installation's time
    add column while_human text not null default 'wait' check (while_human in ('wait', 'refuse')),
    add column human_hold interval,
    add column hold_until_release boolean not null default false,
    -- own texts, and whether it is a companion
    add column disclosure jsonb not null default '{}';

-- Until when a person's message of that moment holds automation.
create function held_until(account text, written timestamptz, usual interval) returns timestamptz
language sql stable as $$
    select case when hold_until_release then 'infinity' else written + coalesce(human_hold, usual) end
    from dispatcher.accounts where account_id = account
$$;

alter table comments
    -- the comment's own time, as the platform says; when it was read, or given up; when it is to be read
    add column created_at timestamptz,
    add column looked_at timestamptz,
    add column look_due timestamptz,
    add column look_failures smallint not null default 0;
create index comments_looks on comments (look_due) where look_due is not null;

-- What was uploaded once, by a keyed fingerprint of kind and address; without an id the platform did not take it.
create table uploads (
    account_id text not null,
    fingerprint bytea not null,
    attachment_id text,
    uploaded_at timestamptz not null default clock_timestamp(),
    used_at timestamptz not null default clock_timestamp(),
    primary key (account_id, fingerprint)
);
create index uploads_used on uploads (used_at);

-- What else a decision looks at, beside the facts.
create view circumstances as
select
    c.account_id, c.customer_id, c.control_at, c.control_until, c.owner_asked_at,
    a.routing, a.presence, a.while_human, a.disclosure, a.markets
from conversations as c
join accounts as a using (account_id);
