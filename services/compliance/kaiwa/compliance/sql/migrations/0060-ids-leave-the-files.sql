-- Ids that were taken out of a row stay in its table's file as an older version of it. Changing a column's type writes the
-- table anew with what is live alone; VACUUM FULL would also copy what anybody's old snapshot may still see. Nobody is
-- made to wait for the lock: it is asked for half a second at most.
create function compliance.rewrite(of_table text) returns void language plpgsql as $$
begin
    perform set_config('lock_timeout', '500ms', true);
    case of_table
        when 'cases' then alter table compliance.cases alter column found type int using found + 0;
        when 'requests' then alter table compliance.requests alter column refusal type text using refusal || '';
        when 'withdrawals' then
            alter table compliance.withdrawals alter column told_at type timestamptz using told_at + interval '0';
    end case;
end $$;

-- Nor does the statistics catalogue get to know them.
alter table compliance.cases
    alter column account_id set statistics 0,
    alter column customer_id set statistics 0,
    alter column mid set statistics 0;
alter table compliance.requests
    alter column app_id set statistics 0,
    alter column user_id set statistics 0,
    alter column account_id set statistics 0,
    alter column customer_id set statistics 0;
alter table compliance.withdrawals alter column account_id set statistics 0;
