-- What upkeep and erasures look for, found without reading what else is there.

create index intents_customer on intents (account_id, customer_id);
create index conversations_roomy on conversations (account_id, customer_id) where partition < 0;

-- What has been settled for longer than the grace need not move out of a slice that is over; how much it was.
create function clear_slice(slice text, grace interval) returns bigint language plpgsql as $$
declare
    cleared bigint;
begin
    execute format(
        'delete from dispatcher.%I as t using dispatcher.intents as i'
        ' where t.intent_id = i.intent_id and i.finished_at < now() - $1', slice
    ) using grace;
    get diagnostics cleared = row_count;
    return cleared;
end $$;
