-- Accounts that came by a login, not by the accounts file: applying the file does not pause them.
alter table accounts add column origin text not null default 'file' check (origin in ('file', 'connect'));
