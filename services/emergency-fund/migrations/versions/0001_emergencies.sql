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

grant select, insert on declared_emergency, recusal to {app};
grant update (confirmed_by, confirmed_at, ended_on, ended_by, end_reason) on declared_emergency to {app};
