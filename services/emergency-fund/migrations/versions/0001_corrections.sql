-- Corrections: a posting is never changed, a new one names it. A clerk proposes, another person confirms, and the
-- confirmed correction is the cause of its transfer.
create table correction (
    correction_id uuid not null,
    grant_id uuid not null,
    street text not null,
    kind text not null,
    corrects uuid not null,  -- a payment for reversal and claim, a claim for recovery and write_off
    amount_fen bigint not null,
    reason text not null,
    state text not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    transfer_id uuid,  -- null: proposed, or rejected
    constraint correction_pkey primary key (correction_id),
    constraint correction_grant foreign key (grant_id) references emergency_grant (grant_id),
    constraint correction_street foreign key (street) references reserve (street),
    constraint correction_corrects foreign key (corrects) references transfer (transfer_id),
    constraint correction_transfer foreign key (transfer_id) references transfer (transfer_id),
    constraint correction_kind check (kind in ('reversal', 'claim', 'recovery', 'write_off')),
    constraint correction_amount_fen check (amount_fen > 0),
    constraint correction_state check (state in ('proposed', 'confirmed', 'rejected')),
    constraint correction_two_persons check (decided_by <> proposed_by),
    constraint correction_decided check (
        (state = 'proposed') = (decided_by is null) and (state = 'proposed') = (decided_at is null)
    ),
    constraint correction_posted check ((state = 'confirmed') = (transfer_id is not null)),
    -- What is given up, and what is not done, has its reason on record.
    constraint correction_decision_reason check (
        (state = 'proposed' or (state = 'confirmed' and kind <> 'write_off')) or decision_reason is not null
    )
);
create index correction_of_grant on correction (grant_id);
-- One at a time for each transfer: the second person decides on what is left now, not on what was left.
create unique index correction_open on correction (corrects) where state = 'proposed';

-- Every transfer of a grant, by the grant: its payment or those of its stages, its settlement, what corrects a payment,
-- and what ends a claim on it.
create view grant_transfer with (security_invoker = true) as
select * from grant_payment
union all
select cause_id, transfer.* from transfer where kind = 'settlement'
union all
select paid.grant_id, correcting.*
from grant_payment as paid
    join transfer as correcting on correcting.corrects = paid.transfer_id
union all
select paid.grant_id, ending.*
from grant_payment as paid
    join transfer as claim on claim.corrects = paid.transfer_id
    join transfer as ending on ending.corrects = claim.transfer_id;

-- What a grant has moved so far: its cash still outside (below zero), its advances and its open claims.
create function moved_for_grant(of_grant uuid)
returns table (cash_fen bigint, advances_fen bigint, recoverable_fen bigint)
language sql stable set search_path = public, pg_temp as $$
    select coalesce(sum(cash_fen), 0)::bigint, coalesce(sum(advances_fen), 0)::bigint,
        coalesce(sum(recoverable_fen), 0)::bigint
    from grant_transfer where grant_id = of_grant
$$;

-- Each correcting transfer: a transfer of its own street and of the right kind is corrected, as was proposed, out of
-- the account where the money stands, and all corrections of one transfer come to no more than it moved. Two at once
-- cannot both overlook the other: each must follow the one before on their street.
create function check_correction() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    corrected transfer;
    in_advance boolean;
    corrected_fen bigint;
begin
    select * into corrected from transfer where transfer_id = new.corrects;
    if corrected.street is distinct from new.street
        or (new.kind, corrected.kind) not in (
            ('reversal', 'payment'), ('claim', 'payment'), ('recovery', 'claim'), ('write_off', 'claim')
        )
    then
        raise exception 'a % on street % cannot correct transfer %', new.kind, new.street, new.corrects
            using errcode = 'check_violation', constraint = 'correction_fits';
    end if;
    if not exists (
        select from correction
        where correction_id = new.cause_id and state = 'proposed' and street = new.street and kind = new.kind
            and corrects = new.corrects and amount_fen = greatest(new.cash_fen, abs(new.recoverable_fen))
    ) then
        raise exception 'nobody proposed this % of transfer %', new.kind, new.corrects
            using errcode = 'check_violation', constraint = 'correction_has_cause';
    end if;
    if corrected.kind = 'payment' then
        in_advance := corrected.advances_fen > 0
            and not exists (
                select from grant_payment as paid
                    join transfer as settled on settled.cause_id = paid.grant_id and settled.kind = 'settlement'
                where paid.transfer_id = corrected.transfer_id
            );
        if in_advance <> (new.advances_fen < 0) then
            raise exception 'the money of transfer % does not stand where this % takes it', new.corrects, new.kind
                using errcode = 'check_violation', constraint = 'correction_where_it_stands';
        end if;
    end if;
    select sum(case corrected.kind when 'payment' then cash_fen + recoverable_fen else -recoverable_fen end)
    into corrected_fen
    from transfer where corrects = new.corrects;
    if corrected_fen > greatest(-corrected.cash_fen, corrected.recoverable_fen) then
        raise exception 'transfer % is corrected by % fen, more than it moved', new.corrects, corrected_fen
            using errcode = 'check_violation', constraint = 'correction_of_what_is_left';
    end if;
    return null;
end
$$;
create trigger transfer_3_corrects after insert on transfer
    for each row when (new.corrects is not null) execute function check_correction();

-- A correction is proposed, decided once, and what was proposed stays.
create function check_correction_step() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'proposed' then
            raise exception 'correction % does not begin as proposed', new.correction_id
                using errcode = 'check_violation', constraint = 'correction_step';
        end if;
    elsif old.state <> 'proposed' then
        raise exception 'correction % was decided', old.correction_id
            using errcode = 'restrict_violation', constraint = 'correction_decided_once';
    end if;
    return new;
end
$$;
create trigger correction_step before insert or update on correction
    for each row execute function check_correction_step();

-- At the end of the transaction: what was proposed corrects a transfer of that very grant, whose plan has ended if it has
-- one, and what is confirmed is posted by its own transfer.
create function check_correction_posted() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if not exists (
        select from grant_transfer where grant_id = new.grant_id and street = new.street and transfer_id = new.corrects
    ) then
        raise exception 'grant % has no transfer % on street %', new.grant_id, new.corrects, new.street
            using errcode = 'check_violation', constraint = 'correction_of_its_grant';
    end if;
    if exists (select from emergency_grant where grant_id = new.grant_id and state = 'in_stages') then
        raise exception 'stages of grant % are still to come: stop its plan first', new.grant_id
            using errcode = 'check_violation', constraint = 'no_correction_while_plan_runs';
    end if;
    if new.state = 'confirmed' and not exists (
        select from transfer where cause_id = new.correction_id and transfer_id = new.transfer_id
    ) then
        raise exception 'correction % has no transfer of its own', new.correction_id
            using errcode = 'check_violation', constraint = 'confirmed_by_its_transfer';
    end if;
    return null;
end
$$;
create constraint trigger correction_is_posted after insert or update on correction
    deferrable initially deferred for each row execute function check_correction_posted();

-- At the end of the transaction: a correcting transfer belongs to a correction that somebody confirmed, and its grant is
-- where its money now says.
create function check_correction_confirmed() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    of_grant emergency_grant;
    moved record;
begin
    if not exists (
        select from correction where correction_id = new.cause_id and transfer_id = new.transfer_id
    ) then
        raise exception 'transfer % corrects and no second person confirmed it', new.transfer_id
            using errcode = 'check_violation', constraint = 'correction_is_confirmed';
    end if;
    select emergency_grant.* into of_grant
    from correction join emergency_grant using (grant_id) where correction_id = new.cause_id;
    select * into moved from moved_for_grant(of_grant.grant_id);
    if moved.recoverable_fen <> 0 and of_grant.state not in ('paid', 'recovering')
        or moved.recoverable_fen = 0 and of_grant.state = 'recovering'
        or ((moved.cash_fen, moved.recoverable_fen) = (0, 0)) <> (of_grant.state = 'returned')
    then
        raise exception 'grant % is still % after transfer %', of_grant.grant_id, of_grant.state, new.transfer_id
            using errcode = 'check_violation', constraint = 'grant_follows_correction';
    end if;
    return null;
end
$$;
create constraint trigger transfer_4_confirmed after insert on transfer
    deferrable initially deferred for each row when (new.corrects is not null)
    execute function check_correction_confirmed();

-- At the end of the transaction: a paper is no longer owed as recovered only when its grant's money is back.
create function check_debt_recovered() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if not exists (select from emergency_grant where grant_id = new.grant_id and state = 'returned') then
        raise exception 'paper debt % ends as recovered and the money of grant % is not back', new.debt_id, new.grant_id
            using errcode = 'check_violation', constraint = 'recovered_when_returned';
    end if;
    return null;
end
$$;
create constraint trigger paper_debt_recovered after insert or update on paper_debt
    deferrable initially deferred for each row when (new.outcome = 'recovered') execute function check_debt_recovered();

-- Finance is asked for no more than what is missing now, so that a refill lifts cash above the float only by what came
-- back in between.
create function check_replenishment_asked() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
    missing_fen bigint;
begin
    select float_fen - cash_fen into missing_fen from lock_reserves(array[new.street]);
    if missing_fen is null or new.asked_fen > missing_fen then
        raise exception 'street % asks for % fen and % are missing', new.street, new.asked_fen, missing_fen
            using errcode = 'check_violation', constraint = 'replenishment_of_what_is_missing';
    end if;
    return new;
end
$$;
create trigger replenishment_asked before insert on replenishment
    for each row execute function check_replenishment_asked();

alter table correction enable row level security, force row level security;
create policy correction_seen on correction for select using (array['*', street] && (select seen_streets()));
create policy correction_proposed on correction for insert with check (array['*', street] && (select handled_streets()));
create policy correction_moved on correction for update using (array['*', street] && (select handled_streets()));
-- No street gives up what is owed to it: the district decides, and the service writes that down.
create policy transfer_written_off on transfer as restrictive for insert
    with check (kind <> 'write_off' or (select caller_scope()) = 'service');

grant select, insert on correction to {app};
grant update (state, decided_by, decided_at, decision_reason, transfer_id) on correction to {app};
grant select on grant_transfer to {app};
