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
    cause text not null,
    occurred_on date not null,
    place text not null,
    amount_fen bigint not null,
    member_refs text[] not null,
    payment_method text not null,
    payee_ref text not null,
    papers_present text[] not null,
    papers_missing jsonb not null,
    standard_fen bigint not null,
    limit_fen bigint not null,
    counted_fen bigint not null,  -- other grants of the same household and incident, when this one was asked for
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
    transfer_id uuid,
    closed_at timestamptz,
    constraint emergency_grant_pkey primary key (grant_id),
    constraint emergency_grant_street foreign key (street) references reserve (street),
    constraint emergency_grant_transfer foreign key (transfer_id) references transfer (transfer_id),
    constraint emergency_grant_amount_fen check (amount_fen > 0),
    constraint emergency_grant_state check (state in ('requested', 'approved', 'refused', 'paid', 'closed')),
    constraint emergency_grant_below_limit check (state = 'refused' or counted_fen + amount_fen < limit_fen),
    constraint emergency_grant_two_persons check (approved_by <> requested_by),
    constraint emergency_grant_approved check (state not in ('approved', 'paid', 'closed') or approved_by is not null),
    constraint emergency_grant_paid check ((state in ('paid', 'closed')) = (transfer_id is not null)),
    constraint emergency_grant_refused check ((state = 'refused') = (refusal_code is not null))
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
    outcome text,  -- null: open
    waived_reason text,
    settled_by text,
    settled_at timestamptz,
    constraint paper_debt_pkey primary key (debt_id),
    constraint paper_debt_grant foreign key (grant_id) references emergency_grant (grant_id),
    constraint paper_debt_once unique (grant_id, paper),
    constraint paper_debt_kind check (
        kind in ('relief_before_approval', 'approval_with_pending_materials', 'notice_and_commitment')
    ),
    constraint paper_debt_outcome check (outcome in ('supplied', 'waived')),
    constraint paper_debt_settled check ((outcome is null) = (settled_by is null)),
    constraint paper_debt_waived check ((outcome is not distinct from 'waived') = (waived_reason is not null))
);
create index paper_debt_open on paper_debt (street, due_on) where outcome is null;

-- No grant closes with an open debt, and a debt that ended stays ended.
create function check_grant_closed() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if exists (select from paper_debt where paper_debt.grant_id = new.grant_id and outcome is null) then
        raise exception 'grant % has open paper debts', new.grant_id
            using errcode = 'check_violation', constraint = 'no_close_with_open_debt';
    end if;
    return null;
end
$$;
create constraint trigger emergency_grant_close after insert or update on emergency_grant
    deferrable initially deferred for each row when (new.state = 'closed') execute function check_grant_closed();

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

-- What the same household already has, or has been promised, for the same incident: the same day, or the same cause
-- within the given days. Counts every street, whoever asks, and tells the sum only. Holds a lock on the household
-- until the transaction ends, so that two requests at once cannot both overlook the other.
create function granted_for_incident(of_household uuid, of_cause text, happened_on date, within_days integer)
returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    callers_scope text := current_setting('app.scope', true);
    granted_fen bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('incidents of ' || of_household, 0));
    -- An error in between ends the transaction and its settings with it.
    perform set_config('app.scope', 'service', true);
    select coalesce(sum(amount_fen), 0) into granted_fen
    from emergency_grant
    where household_id = of_household
        and state <> 'refused'
        and (occurred_on = happened_on or (cause = of_cause and abs(occurred_on - happened_on) <= within_days));
    perform set_config('app.scope', callers_scope, true);
    return granted_fen;
end
$$;

alter table emergency_grant enable row level security, force row level security;
alter table paper_debt enable row level security, force row level security;
alter table replenishment enable row level security, force row level security;
create policy emergency_grant_seen on emergency_grant for select using (sees_street(street));
create policy emergency_grant_requested on emergency_grant for insert with check (handles_street(street));
create policy emergency_grant_moved on emergency_grant for update using (handles_street(street));
create policy paper_debt_seen on paper_debt for select using (sees_street(street));
create policy paper_debt_opened on paper_debt for insert with check (handles_street(street));
create policy paper_debt_moved on paper_debt for update using (handles_street(street));
create policy replenishment_seen on replenishment for select using (sees_street(street));
create policy replenishment_requested on replenishment for insert with check (handles_street(street));
create policy replenishment_moved on replenishment for update using (handles_street(street));

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
