-- The index's first days, so that a batch can be taken in at once; from then on `forget` opens and drops them.
do $$
declare
    day date;
begin
    for day in select generate_series(current_date - 1, current_date + 3, interval '1 day') loop
        execute format(
            'create table compliance.%I partition of compliance.places for values from (%L) to (%L)',
            'places_' || to_char(day, 'YYYYMMDD'), day, day + 1);
    end loop;
end $$;
