-- Every kind of message: reactions and typing make none, private replies answer a comment.

-- What a comment allows: one private reply. seen_at is its earliest delivery; customer_id its author, or the recipient
-- whom the platform's answer named.
create table comments (
    account_id text not null,
    comment_id text not null,
    customer_id text not null,
    seen_at timestamptz not null,
    live boolean not null,
    used_by text,
    primary key (account_id, comment_id)
);
create index comments_seen on comments (seen_at);

-- The limit's class that a request's first call counts against; the comment that it answers, and to whom its caller
-- addressed it: the key of its outcomes, whoever turns out to have written the comment.
alter table intents
    add column bucket text not null default 'text',
    add column comment_id text,
    add column addressee text;

-- The class of the head of the queue: while its bucket is full the conversation is not looked at.
alter table conversations add column next_bucket text;

-- How far ahead of its even pace a bucket may run.
alter table buckets add column tolerance interval not null default '0';

-- A private reply whose customer nobody knows yet waits in a room of its own, in no partition: partition is then the
-- negative count of all of them, and it is as fresh as the least fresh one.
create or replace view facts as
select
    c.account_id, c.customer_id, c.window_opened_at, c.last_customer_at, c.control, c.asked_at, c.escalated,
    c.human_until, c.last_human_at, c.last_automated_at, c.disclosed_at, c.erased_before,
    case
        when c.partition >= 0 then w.fresh_at
        else (select case when count(*) >= -c.partition then min(e.fresh_at) end from watermarks as e)
    end as fresh_at,
    a.app_id, a.state as account_state, a.login, a.page_id, a.display_name, a.locale, a.human_agent, a.default_app,
    a.paused_until, a.limits, a.sealed_token, clock_timestamp() as now
from conversations as c
join accounts as a using (account_id)
left join watermarks as w using (partition);
