-- A public emergency that the district declares: it raises the limit of its streets on its days (clause 4.4.2). One
-- officer declares, another confirms, and it may end early. What was said stays.
create table declared_emergency (
    emergency_id uuid not null,
    title text not null,
    document_number text not null,
    streets text[] not null,
    first_day date not null,
    last_day date not null,
    limit_multiple integer not null,  -- grants stay strictly below so many times the urban dibao standard
    declared_by text not null,
    declared_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    ended_on date,  -- its last day, where it ended early
    ended_by text,
    end_reason text,
    constraint declared_emergency_pkey primary key (emergency_id),
    constraint declared_emergency_streets check (cardinality(streets) > 0),
    constraint declared_emergency_days check (last_day between first_day and first_day + 366),
    constraint declared_emergency_multiple check (limit_multiple between 5 and 100),
    constraint declared_emergency_two_persons check (confirmed_by <> declared_by),
    constraint declared_emergency_confirmed check ((confirmed_by is null) = (confirmed_at is null)),
    constraint declared_emergency_ended check (
        (ended_on is null) = (ended_by is null) and (ended_on is null) = (end_reason is null)
        and ended_on between first_day - 1 and last_day
    )
);

create function check_emergency_step() returns trigger language plpgsql as $$
begin
    if (old.confirmed_by is not null and new.confirmed_by is distinct from old.confirmed_by)
        or (old.confirmed_at is not null and new.confirmed_at is distinct from old.confirmed_at)
        or old.ended_on is not null
    then
        raise exception 'what was said of emergency % stays', old.emergency_id
            using errcode = 'restrict_violation', constraint = 'declared_emergency_step';
    end if;
    return new;
end
$$;
create trigger declared_emergency_step before update on declared_emergency
    for each row execute function check_emergency_step();

-- Officers who stepped back from a household (eligibility tells): they neither ask, decide nor pay for it.
create table recusal (
    household_id uuid not null,
    subject text not null,
    constraint recusal_pkey primary key (household_id, subject)
);
create index recusal_subject on recusal (subject);

-- The household of one of a homeless person who was identified, and the household that the person is in (intake tells,
-- once). What either is granted counts against one limit, and who stepped back from one stepped back from both.
-- `joined_to` is never joined to another: it is where people are known by their number, and a household of one is joined
-- only while nobody is known in it.
create table joined_household (
    household_id uuid not null,
    joined_to uuid not null,
    constraint joined_household_pkey primary key (household_id),
    constraint joined_household_to_another check (joined_to <> household_id)
);
create index joined_household_joined_to on joined_household (joined_to);

-- The household that a household is counted as.
create function counted_as(of_household uuid) returns uuid
language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select coalesce((select joined_to from joined_household where household_id = of_household), of_household)
$$;

-- Every household that is counted together with a household, itself among them.
create function counted_with(of_household uuid) returns setof uuid
language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select counted_as(of_household)
    union all
    select household_id from joined_household where joined_to = counted_as(of_household)
$$;

-- Which of these officers stepped back from which of these households, or from one that is counted with it. Of the
-- caller alone, unless the service itself asks; which households are joined is told to nobody.
create function stepped_back(households uuid[], subjects text[]) returns table (household_id uuid, subject text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select distinct asked.household_id, asked.subject
    from unnest(households, subjects) as asked (household_id, subject)
        join recusal on recusal.subject = asked.subject
            and recusal.household_id in (select counted_with(asked.household_id))
$$;

alter table declared_emergency enable row level security, force row level security;
create policy declared_emergency_seen on declared_emergency for select using (true);
create policy declared_emergency_declared on declared_emergency for insert
    with check ((select caller_scope()) in ('district', 'service'));
create policy declared_emergency_moved on declared_emergency for update
    using ((select caller_scope()) in ('district', 'service'));
-- Everybody finds what they stepped back from themselves.
alter table recusal enable row level security, force row level security;
create policy recusal_seen on recusal for select using (subject = (select caller_subject()) or (select sees_all()));
create policy recusal_heard on recusal for insert with check ((select caller_scope()) = 'service');
-- Seen by the owner for `granted_for_incident` and `stepped_back`.
alter table joined_household enable row level security, force row level security;
create policy joined_household_counted on joined_household for select to current_user using (true);
create policy joined_household_known on joined_household for select using ((select caller_scope()) = 'service');
create policy joined_household_heard on joined_household for insert with check ((select caller_scope()) = 'service');

grant select, insert on declared_emergency, recusal, joined_household to {app};
revoke execute on function counted_as, counted_with, stepped_back from public;
grant execute on function stepped_back to {app};
grant update (confirmed_by, confirmed_at, ended_on, ended_by, end_reason) on declared_emergency to {app};
