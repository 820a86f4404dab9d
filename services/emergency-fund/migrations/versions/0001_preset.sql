-- Clause 4.3.1: each of the fourteen streets gets 30,000 yuan in full on the day the policy was issued. The ids are
-- fixed, so that every database that is made from this history says the same.
select set_config('app.scope', 'service', true);

insert into reserve (street, float_fen)
select '420106' || number, 3000000
from unnest(array[
    '001', '002', '003', '005', '006', '007', '008', '009', '010', '011', '012', '013', '014', '015'
]) as number;

insert into account (holder, kind)
select '420106', unnest(array['finance', 'refilled_expense', 'written_off']);
insert into account (holder, kind)
select street, unnest(array['cash', 'advances', 'documented', 'due_from_finance', 'recoverable']) from reserve;

select count(*)
from (select array_agg(street order by street) as streets from reserve) as all_streets,
    post_transfers(
        (select array_agg(('018318ae-0000-7000-8000-000000' || right(s, 6))::uuid order by s) from unnest(streets) as s),
        (select array_agg('preset:' || s order by s) from unnest(streets) as s),
        array_fill('preset'::text, array[14]),
        streets,
        array_fill(null::uuid, array[14]),
        array_fill('department:finance'::text, array[14]),
        '2022-09-08 00:00+08',
        (select array_agg(n order by n) from generate_series(1, 14) as n, generate_series(1, 2)),
        (select array_agg(case leg when 1 then '420106' else streets[n] end order by n, leg)
            from generate_series(1, 14) as n, generate_series(1, 2) as leg),
        (select array_agg(case leg when 1 then 'finance' else 'cash' end order by n, leg)
            from generate_series(1, 14) as n, generate_series(1, 2) as leg),
        (select array_agg(case leg when 1 then -3000000 else 3000000 end order by n, leg)
            from generate_series(1, 14) as n, generate_series(1, 2) as leg)
    );
