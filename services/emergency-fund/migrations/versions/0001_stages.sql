-- Stages and follow-up. Clauses 4.2.2 and 4.2.3.

-- A grant that is paid in stages has a plan. It is asked for, approved and counted as one grant.
create table grant_plan (
    grant_id uuid not null,
    street text not null,
    stopped_by text,  -- null: not stopped
    stopped_at timestamptz,
    stop_reason text,
    constraint grant_plan_pkey primary key (grant_id),
    constraint grant_plan_grant foreign key (grant_id) references emergency_grant (grant_id),
    constraint grant_plan_street foreign key (street) references reserve (street),
    constraint grant_plan_stopped check (num_nulls(stopped_by, stopped_at, stop_reason) in (0, 3))
);

create table grant_stage (
    stage_id uuid not null,
    grant_id uuid not null,
    street text not null,
    number smallint not null,
    amount_fen bigint not null,
    planned_on date not null,
    condition_kind text not null,
    condition text not null,
    condition_paper text,
    state text not null,
    due_at timestamptz,  -- when its day was noted; null: not yet
    overdue_at timestamptz,
    met_by text,
    met_at timestamptz,
    met_note text,
    paid_by text,
    paid_at timestamptz,
    transfer_id uuid,
    constraint grant_stage_pkey primary key (stage_id),
    constraint grant_stage_number unique (grant_id, number),
    constraint grant_stage_plan foreign key (grant_id) references grant_plan (grant_id),
    constraint grant_stage_amount_fen check (amount_fen > 0),
    constraint grant_stage_condition_kind check (condition_kind in ('day', 'visit', 'paper')),
    constraint grant_stage_condition_paper check ((condition_kind = 'paper') = (condition_paper is not null)),
    constraint grant_stage_state check (state in ('planned', 'met', 'paid', 'stopped')),
    constraint grant_stage_met check (
        num_nulls(met_by, met_at) in (0, 2) and (state <> 'planned' or met_by is null)
        and (state not in ('met', 'paid') or met_by is not null)
    ),
    -- A day is met by the calendar, not before it has come; anything else by a person who says what was found.
    constraint grant_stage_day check (
        met_by is null
        or case condition_kind
            when 'day' then met_by = 'calendar' and met_at >= planned_on::timestamp at time zone 'Asia/Shanghai'
            else met_by <> 'calendar' and met_note is not null
        end
    ),
    constraint grant_stage_paid check (
        num_nulls(paid_by, paid_at, transfer_id) = case state when 'paid' then 0 else 3 end
    ),
    constraint grant_stage_two_persons check (paid_by <> met_by)
);
create index grant_stage_open on grant_stage (street, planned_on) where state in ('planned', 'met');

-- A stage walks through its states one step at a time; who did what is written once, with the step.
create function check_stage_step() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    of_grant emergency_grant;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'planned' or num_nonnulls(new.due_at, new.overdue_at, new.met_by) > 0 then
            raise exception 'stage % does not begin as planned', new.stage_id
                using errcode = 'check_violation', constraint = 'grant_stage_step';
        end if;
        return new;
    end if;
    if (old.state, new.state) not in (
            ('planned', 'planned'), ('met', 'met'),
            ('planned', 'met'), ('planned', 'stopped'), ('met', 'paid'), ('met', 'stopped')
        )
        or ((new.met_by, new.met_at, new.met_note) is distinct from (old.met_by, old.met_at, old.met_note)
            and (old.state, new.state) <> ('planned', 'met'))
    then
        raise exception 'stage % cannot go from % to % in this way', new.stage_id, old.state, new.state
            using errcode = 'check_violation', constraint = 'grant_stage_step';
    end if;
    if new.state <> old.state then
        select * into of_grant from emergency_grant where grant_id = new.grant_id;
        if of_grant.state not in ('approved', 'in_stages', 'paid', 'closed') or new.met_by = of_grant.approved_by then
            raise exception 'stage % waits for the approval, or for another person than the approver', new.stage_id
                using errcode = 'check_violation', constraint = 'grant_stage_two_persons';
        end if;
    end if;
    return new;
end
$$;
create trigger grant_stage_step before insert or update on grant_stage
    for each row execute function check_stage_step();

-- A plan is stopped once, by somebody else than the one who asked.
create function check_plan_step() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if new.stopped_by is not null or not exists (
            select from emergency_grant
            where grant_id = new.grant_id and emergency_grant.street = new.street
                and state in ('requested', 'refused') and approved_by is null
        ) then
            raise exception 'a plan begins with the request of its grant %', new.grant_id
                using errcode = 'check_violation', constraint = 'grant_plan_step';
        end if;
    elsif old.stopped_by is not null
        or exists (select from emergency_grant where grant_id = new.grant_id and requested_by = new.stopped_by)
    then
        raise exception 'the plan of grant % cannot be stopped in this way', new.grant_id
            using errcode = 'check_violation', constraint = 'grant_plan_step';
    end if;
    return new;
end
$$;
create trigger grant_plan_step before insert or update on grant_plan
    for each row execute function check_plan_step();

-- At the end of the transaction: the stages come to the amount that was approved, each is paid by its own payment and
-- by no other, and the grant stands where its stages stand. A stop leaves no stage open.
create function check_plan() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    of_grant emergency_grant;
    plan grant_plan;
    stages record;
begin
    select * into plan from grant_plan where grant_id = new.grant_id;
    select * into of_grant from emergency_grant where grant_id = new.grant_id;
    if plan.grant_id is null then
        if of_grant.state = 'in_stages' then
            raise exception 'grant % has no plan', new.grant_id
                using errcode = 'check_violation', constraint = 'plan_is_whole';
        end if;
        return null;
    end if;
    select count(*) as planned, sum(amount_fen) as planned_fen,
        count(*) filter (where state in ('planned', 'met')) as still_open,
        count(*) filter (where state = 'paid') as paid,
        count(*) filter (where state = 'stopped') as stopped,
        bool_and(street = plan.street) as on_one_street,
        bool_and(coalesce(transfer_id = (
            select transfer.transfer_id from transfer where cause_id = stage_id and kind = 'payment'
        ), transfer_id is null and not exists (
            select from transfer where cause_id = stage_id and kind = 'payment'
        ))) as paid_by_their_payments
    into stages
    from grant_stage where grant_stage.grant_id = new.grant_id;
    if stages.planned not between 2 and 12 or stages.planned_fen <> of_grant.amount_fen or not stages.on_one_street then
        raise exception 'the % stages of grant % do not come to its amount', stages.planned, new.grant_id
            using errcode = 'check_violation', constraint = 'plan_is_whole';
    end if;
    if not stages.paid_by_their_payments then
        raise exception 'a stage of grant % is paid and has no payment, or the other way round', new.grant_id
            using errcode = 'check_violation', constraint = 'stage_paid_by_its_payment';
    end if;
    if (plan.stopped_by is not null) <> (stages.stopped > 0)
        or not (case
            when of_grant.state in ('requested', 'approved', 'refused') then stages.paid = 0 and stages.stopped = 0
            when of_grant.state = 'in_stages' then
                stages.paid > 0 and stages.still_open > 0 and stages.stopped = 0
            else stages.paid > 0 and stages.still_open = 0
        end)
    then
        raise exception 'grant % is % and its stages say something else', new.grant_id, of_grant.state
            using errcode = 'check_violation', constraint = 'grant_follows_its_stages';
    end if;
    return null;
end
$$;
create constraint trigger grant_plan_kept after insert or update on grant_plan
    deferrable initially deferred for each row execute function check_plan();
create constraint trigger grant_stage_kept after insert or update on grant_stage
    deferrable initially deferred for each row execute function check_plan();
create constraint trigger emergency_grant_follows_its_stages after update on emergency_grant
    deferrable initially deferred for each row
    when (new.state in ('in_stages', 'paid', 'closed', 'recovering', 'returned')) execute function check_plan();

-- The payments of a grant: its own, or those of its stages.
create view grant_payment with (security_invoker = true) as
select cause_id as grant_id, transfer.* from transfer
where kind = 'payment' and not exists (select from grant_stage where stage_id = cause_id)
union all
select grant_stage.grant_id, transfer.*
from grant_stage join transfer on cause_id = stage_id and kind = 'payment';

-- Whether a payment is that of a stage: its condition is met, its grant approved and not ended, to the fen, on the same
-- street; as an advance until the papers of the grant are complete, and straight to documented after.
create function pays_a_stage(cause_id uuid, street text, paid_fen bigint, paid_as_advance boolean)
returns boolean language sql stable set search_path = public, pg_temp as $$
    select exists (
        select from grant_stage join emergency_grant using (grant_id)
        where stage_id = pays_a_stage.cause_id and grant_stage.street = pays_a_stage.street
            and grant_stage.state = 'met' and emergency_grant.state in ('approved', 'in_stages')
            and grant_stage.amount_fen = paid_fen
            and paid_as_advance = (
                papers_missing <> '[]'
                and not exists (
                    select from transfer
                    where transfer.cause_id = emergency_grant.grant_id and kind = 'settlement'
                )
            )
    )
$$;

-- A look at the household after the first payment of a grant, and a second one where the rules ask for it.
create table follow_up (
    follow_up_id uuid not null,
    grant_id uuid not null,
    street text not null,
    round smallint not null,
    owner text not null,  -- the clerk who asked for the grant
    due_on date not null,
    opened_at timestamptz not null,
    overdue_at timestamptz,
    outcome text,  -- null: open
    contact text,
    route text,
    note text,
    completed_by text,
    completed_at timestamptz,
    constraint follow_up_pkey primary key (follow_up_id),
    constraint follow_up_once_a_round unique (grant_id, round),
    constraint follow_up_grant foreign key (grant_id) references emergency_grant (grant_id),
    constraint follow_up_round check (round in (1, 2)),
    constraint follow_up_contact check (contact in ('visit', 'call')),
    constraint follow_up_outcome check (outcome in ('resolved', 'needs_more_help', 'unreachable')),
    constraint follow_up_route check (route in ('apply_for_policy', 'staged_aid', 'district')),
    constraint follow_up_needs_route check ((outcome is not distinct from 'needs_more_help') = (route is not null)),
    constraint follow_up_completed check (num_nulls(outcome, contact, note, completed_by, completed_at) in (0, 5))
);
create index follow_up_open on follow_up (street, due_on) where outcome is null;

create function check_follow_up_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        if old.outcome is not null then
            raise exception 'follow-up % is completed', old.follow_up_id
                using errcode = 'restrict_violation', constraint = 'follow_up_ended';
        end if;
        return new;
    end if;
    if num_nonnulls(new.outcome, new.overdue_at) > 0
        or not exists (
            select from emergency_grant
            where grant_id = new.grant_id and emergency_grant.street = new.street and transfer_id is not null
        )
    then
        raise exception 'follow-up % does not follow a payment', new.follow_up_id
            using errcode = 'check_violation', constraint = 'follow_up_step';
    end if;
    -- Asked apart: in one condition with the other it would be planned anew for each row.
    if new.round = 2 then
        if not exists (
            select from follow_up where grant_id = new.grant_id and round = 1 and outcome is not null
        ) then
            raise exception 'follow-up % does not follow a first look', new.follow_up_id
                using errcode = 'check_violation', constraint = 'follow_up_step';
        end if;
    end if;
    return new;
end
$$;
create trigger follow_up_step before insert or update on follow_up
    for each row execute function check_follow_up_step();

-- Nobody is paid and forgotten.
create function check_followed_up() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if not exists (select from follow_up where grant_id = new.grant_id) then
        raise exception 'grant % was paid and nobody is to look after the household', new.grant_id
            using errcode = 'check_violation', constraint = 'no_payment_without_follow_up';
    end if;
    return null;
end
$$;
create constraint trigger emergency_grant_looked_after after update on emergency_grant
    deferrable initially deferred for each row when (old.transfer_id is distinct from new.transfer_id)
    execute function check_followed_up();

alter table grant_plan enable row level security, force row level security;
alter table grant_stage enable row level security, force row level security;
alter table follow_up enable row level security, force row level security;
create policy grant_plan_seen on grant_plan for select using (array['*', street] && (select seen_streets()));
create policy grant_plan_checked on grant_plan for select to current_user using (true);
create policy grant_plan_requested on grant_plan for insert with check (array['*', street] && (select handled_streets()));
create policy grant_plan_moved on grant_plan for update using (array['*', street] && (select handled_streets()));
create policy grant_stage_seen on grant_stage for select using (array['*', street] && (select seen_streets()));
-- For `granted_for_incident` and the checks, as on transfer.
create policy grant_stage_checked on grant_stage for select to current_user using (true);
create policy grant_stage_requested on grant_stage for insert with check (array['*', street] && (select handled_streets()));
create policy grant_stage_moved on grant_stage for update using (array['*', street] && (select handled_streets()));
create policy follow_up_seen on follow_up for select using (array['*', street] && (select seen_streets()));
create policy follow_up_checked on follow_up for select to current_user using (true);
create policy follow_up_opened on follow_up for insert with check (array['*', street] && (select handled_streets()));
create policy follow_up_moved on follow_up for update using (array['*', street] && (select handled_streets()));

grant select, insert on grant_plan, grant_stage, follow_up to {app};
grant select on grant_payment to {app};
-- The plan stays as it was approved: another amount, day or condition is another request.
grant update (stopped_by, stopped_at, stop_reason) on grant_plan to {app};
grant update (state, due_at, overdue_at, met_by, met_at, met_note, paid_by, paid_at, transfer_id) on grant_stage to {app};
grant update (overdue_at, outcome, contact, route, note, completed_by, completed_at) on follow_up to {app};
