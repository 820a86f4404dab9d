-- Everybody who ever stood in a declaration or in the base registry, once. The index finds the number again without decrypting anything.
create table person (
    person_id uuid primary key,
    identity_index bytea not null unique check (octet_length(identity_index) = 16),
    identity_number bytea,  -- null: a child without a number yet, indexed by household, name and birth date
    name bytea not null,
    first_seen_at timestamptz not null
);

-- Which person a resident's login is: linked when that person applies.
create table resident (
    subject text primary key,
    person_id uuid not null references person,
    linked_at timestamptz not null
);

-- Every application that was heard of, whether or not its verification could be opened: what the rate is counted over.
create table application (
    application_id uuid primary key,
    household_id uuid not null,
    street text not null,
    requested text[] not null,
    submitted_at timestamptz not null,
    verify_by timestamptz not null,
    decided_at timestamptz
);

create table verification (
    verification_id uuid primary key,
    application_id uuid not null unique,
    household_id uuid not null,
    street text not null,
    applicant_subject text,  -- null: a clerk applied for a resident without a login
    declared jsonb not null,
    state text not null check (state in ('open', 'completed')),
    opened_at timestamptz not null,
    answer_by timestamptz not null,
    completed_at timestamptz,
    valid_until timestamptz,
    revision integer not null default 0 check (revision >= 0),
    check ((state = 'completed') = (completed_at is not null and valid_until is not null and revision > 0))
);
create index verification_household on verification (household_id);
create index verification_applicant on verification (applicant_subject, household_id);

-- Who stands in the declaration. The name is kept as declared here: a department compares it with its register.
create table verification_member (
    verification_id uuid not null references verification,
    ref text not null,
    person_id uuid not null references person,
    name bytea not null,
    is_adult boolean not null,
    primary key (verification_id, ref)
);
create index verification_member_person on verification_member (person_id);

-- 核对授权书: what each adult member allows, and for how long.
create table authorisation (
    authorisation_id uuid primary key,
    verification_id uuid not null references verification,
    person_id uuid not null references person,
    purposes text[] not null,
    fields text[] not null,
    guardian_name bytea,  -- not null: a guardian signed for a minor
    valid_from timestamptz not null,
    valid_until timestamptz not null check (valid_until > valid_from),
    unique (verification_id, person_id)
);

create table query (
    query_id uuid primary key,
    verification_id uuid not null references verification,
    application_id uuid not null,
    household_id uuid not null,
    department text not null,
    data_sets text[] not null check (cardinality(data_sets) > 0),
    answer_by timestamptz not null,
    version integer not null default 0 check (version >= 0),
    outcome text check (outcome in ('matched', 'no_record', 'error')),
    answered_at timestamptz,
    unique (verification_id, department),
    check ((version = 0) = (outcome is null) and (version = 0) = (answered_at is null))
);

-- Each answer as it came; a different later one is a version of its own.
create table answer (
    query_id uuid not null references query,
    version integer not null check (version > 0),
    outcome text not null check (outcome in ('matched', 'no_record', 'error')),
    records jsonb not null,
    digest text not null,
    answered_by text not null,
    answered_at timestamptz not null,
    primary key (query_id, version)
);

-- What was known when a verification was completed, and again after each late answer.
create table report (
    verification_id uuid not null references verification,
    revision integer not null check (revision > 0),
    completed_at timestamptz not null,
    not_answered text[] not null,
    household jsonb not null,
    provenance jsonb not null,
    differences jsonb not null,
    findings jsonb not null,
    primary key (verification_id, revision)
);

-- The access ledger: every look at personal data and every refusal of one.
create table access (
    access_id uuid primary key,
    accessed_at timestamptz not null,
    client_id text not null,
    subject text not null,
    caller_scope text not null,
    caller_streets text[] not null,
    department text,
    household_id uuid not null,
    application_id uuid not null,
    verification_id uuid not null,
    query_id uuid,
    purpose text not null,
    person_ids uuid[] not null,
    fields text[] not null,
    outcome text not null check (outcome in ('answered', 'refused')),
    reason text,
    check ((outcome = 'refused') = (reason is not null))
);
create index access_household on access (household_id, access_id);

create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$;
create trigger append_only before update or delete or truncate on access execute function refuse_change();
create trigger append_only before update or delete or truncate on answer execute function refuse_change();
create trigger append_only before update or delete or truncate on report execute function refuse_change();

-- Second wall: a caller's context decides which rows exist for it. Policies of a table may look at tables above it
-- only (verification, then query, then members, then persons), because a circle would be refused.
alter table verification enable row level security;
alter table verification force row level security;
create policy scope on verification
    using (
        array['*', street] && (select seen_streets())
        or applicant_subject = (select seen_subject())
    )
    with check ((select caller_scope()) = 'service');

alter table application enable row level security;
alter table application force row level security;
create policy scope on application
    using (array['*', street] && (select seen_streets()))
    with check ((select caller_scope()) = 'service');

alter table query enable row level security;
alter table query force row level security;
create policy scope on query
    using (
        (select caller_scope()) = 'service'
        or (select caller_scope()) = 'department' and department = (select caller_department())
        or (select caller_scope()) in ('district', 'streets', 'resident')
            and exists (select from verification where verification.verification_id = query.verification_id)
    )
    with check ((select caller_scope()) = 'service');

alter table verification_member enable row level security;
alter table verification_member force row level security;
create policy scope on verification_member
    using (
        (select caller_scope()) = 'service'
        or (select caller_scope()) = 'department'
            and exists (select from query where query.verification_id = verification_member.verification_id)
    )
    with check ((select caller_scope()) = 'service');

alter table person enable row level security;
alter table person force row level security;
create policy scope on person
    using (
        (select caller_scope()) = 'service'
        or (select caller_scope()) = 'department'
            and exists (select from verification_member as member where member.person_id = person.person_id)
    )
    with check ((select caller_scope()) = 'service');

alter table resident enable row level security;
alter table resident force row level security;
create policy scope on resident using ((select caller_scope()) = 'service');

alter table authorisation enable row level security;
alter table authorisation force row level security;
create policy scope on authorisation using ((select caller_scope()) = 'service');

alter table answer enable row level security;
alter table answer force row level security;
create policy scope on answer using ((select caller_scope()) = 'service');

alter table report enable row level security;
alter table report force row level security;
create policy scope on report
    using (exists (select from verification where verification.verification_id = report.verification_id))
    with check ((select caller_scope()) = 'service');

alter table access enable row level security;
alter table access force row level security;
create policy scope on access
    using (
        (select sees_all())
        or (select caller_scope()) = 'resident'
            and exists (select from verification where verification.household_id = access.household_id)
    )
    with check ((select caller_scope()) = 'service');

grant select, insert on person, verification_member, authorisation, answer, report, access to {app};
grant select, insert, update on resident, application to {app};
grant select, insert on verification, query to {app};
grant update (state, completed_at, valid_until, revision) on verification to {app};
grant update (version, outcome, answered_at) on query to {app};
