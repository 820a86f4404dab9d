-- Clause 4.3.1: each of the fourteen streets gets 30,000 yuan in full on the day the policy was issued. The ids are
-- fixed, so that every database that is made from this history says the same.
select act_as_service();

insert into reserve (street, float_fen)
select '420106' || number, 3000000
from unnest(array[
    '001', '002', '003', '005', '006', '007', '008', '009', '010', '011', '012', '013', '014', '015'
]) as number;

insert into transfer
select street, 1, ('018318ae-0000-7000-8000-000000' || right(street, 6))::uuid, 'preset', null, 'department:finance',
    '2022-09-08 00:00+08', float_fen, 0, 0, 0, 0, -float_fen, 0, 0, float_fen, 0, 0, 0, 0, -float_fen, 0, 0, float_fen
from reserve;
