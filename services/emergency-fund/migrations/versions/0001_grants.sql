-- The urban dibao standard by first day: our own copy, from the events of eligibility.
create table standard (
    first_day date not null,
    amount_fen bigint not null,
    source text not null,
    assumed boolean not null,
    constraint standard_pkey primary key (first_day),
    constraint standard_amount_fen check (amount_fen > 0)
);

create table emergency_grant (
    grant_id uuid not null,
    street text not null,
    household_id uuid not null,
    homeless_person_id uuid,  -- whose household of one it is; null: asked for a household
    cause text not null,
    occurred_on date not null,
    place text not null,
    separate_because text,  -- why it is another incident than those before it; who approves approves this too
    amount_fen bigint not null,
    member_refs text[] not null,
    payment_method text not null,
    payee_ref text not null,
    papers_present text[] not null,
    papers_missing jsonb not null,
    standard_fen bigint not null,
    limit_fen bigint not null,
    counted_fen bigint not null,  -- other grants of the same household and incident, when this one was asked for
    emergency_id uuid,  -- the declared emergency that raised the limit
    approve_by date,  -- paid at once by the clerk, to be approved after; null: approved first
    small_fen bigint,  -- the most that may be paid at once, when it was
    state text not null,
    requested_by text not null,
    requested_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    refused_by text,  -- null and refused: refused by rule
    refused_at timestamptz,
    refusal_code text,
    refusal_reason text,
    refusal_route text,
    paid_by text,
    paid_at timestamptz,
    transfer_id uuid,  -- its payment; the first one, where it is paid in stages
    closed_at timestamptz,
    constraint emergency_grant_pkey primary key (grant_id),
    constraint emergency_grant_street foreign key (street) references reserve (street),
    constraint emergency_grant_amount_fen check (amount_fen > 0),
    constraint emergency_grant_homeless_person check (homeless_person_id is null or cardinality(member_refs) = 1),
    constraint emergency_grant_emergency foreign key (emergency_id) references declared_emergency (emergency_id),
    constraint emergency_grant_state check (
        state in (
            'requested', 'approved', 'refused', 'paid_unapproved', 'objected', 'in_stages', 'paid', 'closed', 'recovering',
            'returned'
        )
    ),
    constraint emergency_grant_at_once check (
        (approve_by is null) = (small_fen is null) and counted_fen + amount_fen <= small_fen is not false
    ),
    constraint emergency_grant_below_limit check (state = 'refused' or counted_fen + amount_fen < limit_fen),
    constraint emergency_grant_two_persons check (approved_by <> requested_by),
    -- What was objected to may still come back or be given up, and was never approved.
    constraint emergency_grant_approved check (
        state in ('requested', 'refused', 'paid_unapproved', 'objected') or approved_by is not null
        or (state in ('closed', 'returned') and refusal_code = 'objected_after_payment')
    ),
    constraint emergency_grant_paid check (
        (state in ('paid_unapproved', 'objected', 'in_stages', 'paid', 'closed', 'recovering', 'returned'))
        = (transfer_id is not null)
    ),
    constraint emergency_grant_not_approved check (state <> 'paid_unapproved' or approve_by is not null),
    constraint emergency_grant_refused check (
        case when refusal_code = 'objected_after_payment' then state in ('objected', 'closed', 'returned')
        else (state = 'refused') = (refusal_code is not null) and state <> 'objected' end
    )
);
create index emergency_grant_household on emergency_grant (household_id);
create index emergency_grant_street_state on emergency_grant (street, state);

create table paper_debt (
    debt_id uuid not null,
    grant_id uuid not null,
    street text not null,
    paper text not null,
    kind text not null,
    owner text not null,  -- the clerk who must bring the paper in
    due_on date not null,
    overdue_at timestamptz,
    outcome text,  -- null: open; recovered: the money is back and the paper no longer owed
    waived_reason text,
    settled_by text,
    settled_at timestamptz,
    constraint paper_debt_pkey primary key (debt_id),
    constraint paper_debt_grant foreign key (grant_id) references emergency_grant (grant_id),
    constraint paper_debt_once unique (grant_id, paper),
    constraint paper_debt_kind check (
        kind in ('relief_before_approval', 'approval_with_pending_materials', 'notice_and_commitment')
    ),
    constraint paper_debt_outcome check (outcome in ('supplied', 'waived', 'recovered')),
    constraint paper_debt_settled check ((outcome is null) = (settled_by is null)),
    constraint paper_debt_waived check ((outcome is not distinct from 'waived') = (waived_reason is not null))
);
create index paper_debt_open on paper_debt (street, due_on) where outcome is null;

-- A grant walks through its states one step at a time; who did what and when is written once, with the step.
create function check_grant_step() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if new.state not in ('requested', 'refused') or new.approved_by is not null or new.paid_by is not null then
            raise exception 'grant % does not begin as requested or refused', new.grant_id
                using errcode = 'check_violation', constraint = 'emergency_grant_step';
        end if;
        return new;
    end if;
    if (old.state, new.state) not in (
            ('requested', 'approved'), ('requested', 'refused'), ('approved', 'refused'),
            ('approved', 'paid'), ('approved', 'closed'), ('paid', 'closed'),
            ('requested', 'paid_unapproved'), ('paid_unapproved', 'paid'), ('paid_unapproved', 'closed'),
            ('paid_unapproved', 'objected'), ('objected', 'returned'), ('objected', 'closed'),
            ('paid', 'recovering'), ('closed', 'recovering'), ('recovering', 'closed'),
            ('paid', 'returned'), ('closed', 'returned'), ('recovering', 'returned'),
            ('approved', 'in_stages'), ('in_stages', 'paid'), ('in_stages', 'closed')
        )
        or ((new.approved_by, new.approved_at) is distinct from (old.approved_by, old.approved_at)
            and new.state <> 'approved' and old.state <> 'paid_unapproved')
        or ((new.paid_by, new.paid_at, new.transfer_id) is distinct from (old.paid_by, old.paid_at, old.transfer_id)
            and old.state not in ('approved', 'requested'))
    then
        raise exception 'grant % cannot go from % to % in this way', new.grant_id, old.state, new.state
            using errcode = 'check_violation', constraint = 'emergency_grant_step';
    end if;
    return new;
end
$$;
create trigger emergency_grant_step before insert or update on emergency_grant
    for each row execute function check_grant_step();

-- At the end of the transaction: a grant is paid by its own payment and by no other, every missing paper of it has
-- become a debt; it has no open debt and no advance left unless it waits for papers, and it has ended with no claim
-- open, or as returned with every fen of it back in the reserve.
create function check_grant_paid() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    owed bigint;
    still_open bigint;
    moved record;
begin
    -- As the view grant_payment says it, from the side of the transfer: one look for each grant instead of two searches.
    if not exists (
        select from transfer left join grant_stage on stage_id = cause_id
        where transfer.transfer_id = new.transfer_id and kind = 'payment'
            and coalesce(grant_stage.grant_id, cause_id) = new.grant_id
    ) then
        raise exception 'grant % has no payment of its own', new.grant_id
            using errcode = 'check_violation', constraint = 'paid_by_its_payment';
    end if;
    select count(*), count(*) filter (where outcome is null) into owed, still_open
    from paper_debt where paper_debt.grant_id = new.grant_id;
    if owed <> jsonb_array_length(new.papers_missing) then
        raise exception 'grant % was paid with % papers missing and has % debts',
            new.grant_id, jsonb_array_length(new.papers_missing), owed
            using errcode = 'check_violation', constraint = 'no_paper_without_debt';
    end if;
    if new.state not in ('in_stages', 'paid', 'paid_unapproved', 'objected') and still_open > 0 then
        raise exception 'grant % has open paper debts', new.grant_id
            using errcode = 'check_violation', constraint = 'no_close_with_open_debt';
    end if;
    -- Paid with its papers, nothing else can have moved yet.
    if new.state in ('in_stages', 'paid', 'paid_unapproved', 'objected') or (old.state = 'approved' and owed = 0) then
        return null;
    end if;
    select * into moved from moved_for_grant(new.grant_id);
    if moved.advances_fen <> 0 then
        raise exception 'grant % is % and its advance is not settled', new.grant_id, new.state
            using errcode = 'check_violation', constraint = 'no_close_without_settlement';
    end if;
    if (new.state = 'recovering') <> (moved.recoverable_fen <> 0) then
        raise exception 'grant % is % and % fen are asked back', new.grant_id, new.state, moved.recoverable_fen
            using errcode = 'check_violation', constraint = 'no_close_with_open_claim';
    end if;
    if new.state = 'returned' and moved.cash_fen <> 0 then
        raise exception 'grant % has % fen outside the reserve', new.grant_id, -moved.cash_fen
            using errcode = 'check_violation', constraint = 'returned_in_full';
    end if;
    return null;
end
$$;
create constraint trigger emergency_grant_is_paid after update on emergency_grant
    deferrable initially deferred for each row
    when (new.state in ('paid_unapproved', 'objected', 'in_stages', 'paid', 'closed', 'recovering', 'returned'))
    execute function check_grant_paid();

create function refuse_reopening() returns trigger language plpgsql as $$
begin
    raise exception 'paper debt % has ended', old.debt_id
        using errcode = 'restrict_violation', constraint = 'paper_debt_ended';
end
$$;
create trigger paper_debt_ended before update on paper_debt
    for each row when (old.outcome is not null) execute function refuse_reopening();

create table replenishment (
    replenishment_id uuid not null,
    street text not null,
    asked_fen bigint not null,
    state text not null,
    requested_at timestamptz not null,
    answered_fen bigint,
    answered_at timestamptz,
    transfer_id uuid,  -- null: open, or refused
    constraint replenishment_pkey primary key (replenishment_id),
    constraint replenishment_street foreign key (street) references reserve (street),
    constraint replenishment_transfer foreign key (transfer_id) references transfer (transfer_id),
    constraint replenishment_asked_fen check (asked_fen > 0),
    constraint replenishment_answered_fen check (answered_fen between 0 and asked_fen),
    constraint replenishment_state check (state in ('requested', 'granted', 'partly_granted', 'refused')),
    constraint replenishment_answered check ((state = 'requested') = (answered_at is null))
);
create unique index replenishment_open on replenishment (street) where state = 'requested';

create function check_replenishment_step() returns trigger language plpgsql as $$
begin
    if old.state <> 'requested' then
        raise exception 'replenishment % was answered', old.replenishment_id
            using errcode = 'restrict_violation', constraint = 'replenishment_answered_once';
    end if;
    return new;
end
$$;
create trigger replenishment_step before update on replenishment
    for each row execute function check_replenishment_step();

-- No money moves without its cause: a payment that was approved, the settlement of all that is left of an advance, a
-- refill that was asked for. Each once, to the fen, on the same street. The pre-set float is the first transfer of a street.
-- One look into the index for each payment, however many the planner takes them for.
create function check_transfer_causes() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    wrong record;
begin
    select added.kind, added.version, added.street into wrong
    from added
        left join lateral (
            select street, state, approve_by, amount_fen, papers_missing from emergency_grant
            where added.kind = 'payment' and grant_id = added.cause_id limit 1
        ) as paid on true
        left join lateral (
            select grant_id from grant_plan where added.kind = 'payment' and grant_id = added.cause_id limit 1
        ) as plan on true
    where not case kind
        when 'preset' then true
        when 'payment' then coalesce(
            paid.street = added.street
                and paid.state = case when paid.approve_by is null then 'approved' else 'requested' end
                and paid.amount_fen = -added.cash_fen
                and (paid.papers_missing = '[]') = (added.advances_fen = 0)
                and plan.grant_id is null,
            false
        ) or pays_a_stage(added.cause_id, added.street, -added.cash_fen, added.advances_fen > 0)
        when 'settlement' then exists (
            select from emergency_grant
            where grant_id = added.cause_id and emergency_grant.street = added.street
                and state in ('paid', 'paid_unapproved', 'in_stages')
                and (select advances_fen from moved_for_grant(added.cause_id)) = 0
        ) and not exists (select from paper_debt where grant_id = added.cause_id and outcome is null)
        when 'refill' then exists (
            select from replenishment
            where replenishment_id = added.cause_id and replenishment.street = added.street
                and state = 'requested' and asked_fen >= added.cash_fen
        )
        -- A correction: its cause is checked by check_correction, row by row.
        else corrects is not null
    end
    limit 1;
    if found then
        raise exception 'transfer % of street % has no cause that allows a %', wrong.version, wrong.street, wrong.kind
            using errcode = 'check_violation', constraint = 'transfer_has_cause';
    end if;
    return null;
end
$$;
create trigger transfer_2_has_cause after insert on transfer referencing new table as added
    for each statement execute function check_transfer_causes();

-- What the same household already has, or has been promised, within so many days of an incident: whatever the cause was
-- called, for words are no way round the limit. Where the incident is said to be another one, what happened on the same
-- day or from the same cause. A plan counts whole, less what was stopped of it. What was returned in full was not given:
-- a household that was paid by mistake, or did not need the money, must find help open when the next need comes. Of what
-- was returned in part the whole counts, as the household was helped. A homeless person who was identified and the
-- household that they are in count as one. Counts every street, whoever asks, and tells the sum only. Holds a lock on
-- the household until the transaction ends, so that two requests at once cannot both overlook the other. Whoever joins
-- two households holds both locks; a request that waited for it finds another household to be counted as, and locks that.
create function granted_for_incident(
    of_household uuid, of_cause text, happened_on date, within_days integer, is_separate boolean
) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    granted_fen bigint;
    counted uuid;
begin
    loop
        counted := counted_as(of_household);
        perform pg_advisory_xact_lock(hashtextextended('incidents of ' || counted, 0));
        exit when counted is not distinct from counted_as(of_household);
    end loop;
    select coalesce(sum(amount_fen), 0) - coalesce(sum((
        select sum(amount_fen) from grant_stage
        where grant_stage.grant_id = emergency_grant.grant_id and grant_stage.state = 'stopped'
    )), 0) into granted_fen
    from emergency_grant
    where household_id in (select counted_with(of_household))
        and state not in ('refused', 'returned')
        and abs(occurred_on - happened_on) <= within_days
        and (not is_separate or occurred_on = happened_on or cause = of_cause);
    return granted_fen;
end
$$;

alter table standard enable row level security, force row level security;
create policy standard_known on standard for select using (true);
create policy standard_heard on standard for insert with check ((select caller_scope()) = 'service');
create policy standard_corrected on standard for update using ((select caller_scope()) = 'service');
alter table emergency_grant enable row level security, force row level security;
alter table paper_debt enable row level security, force row level security;
alter table replenishment enable row level security, force row level security;
create policy emergency_grant_seen on emergency_grant for select
    using (array['*', street] && (select seen_streets()));
-- For `granted_for_incident` and the checks, as on transfer.
create policy emergency_grant_checked on emergency_grant for select to current_user using (true);
create policy emergency_grant_requested on emergency_grant for insert
    with check (array['*', street] && (select handled_streets()));
create policy emergency_grant_moved on emergency_grant for update
    using (array['*', street] && (select handled_streets()));
create policy paper_debt_seen on paper_debt for select
    using (array['*', street] && (select seen_streets()));
create policy paper_debt_checked on paper_debt for select to current_user using (true);
create policy paper_debt_opened on paper_debt for insert
    with check (array['*', street] && (select handled_streets()));
create policy paper_debt_moved on paper_debt for update
    using (array['*', street] && (select handled_streets()));
create policy replenishment_seen on replenishment for select
    using (array['*', street] && (select seen_streets()));
create policy replenishment_checked on replenishment for select to current_user using (true);
create policy replenishment_requested on replenishment for insert
    with check (array['*', street] && (select handled_streets()));
create policy replenishment_moved on replenishment for update
    using (array['*', street] && (select handled_streets()));

grant select, insert, update on standard to {app};
grant select, insert on emergency_grant, paper_debt, replenishment to {app};
-- What was asked for stays as it was asked; only the walk through the states is written.
grant update (
    state, approved_by, approved_at, refused_by, refused_at, refusal_code, refusal_reason, refusal_route,
    paid_by, paid_at, transfer_id, closed_at
) on emergency_grant to {app};
grant update (overdue_at, outcome, waived_reason, settled_by, settled_at) on paper_debt to {app};
grant update (state, answered_fen, answered_at, transfer_id) on replenishment to {app};
revoke execute on function granted_for_incident from public;
grant execute on function granted_for_incident to {app};
