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

-- One verification of a household's circumstances (1.2): every application of the same persons rests on it while it
-- is open or holds.
create table verification (
    verification_id uuid primary key,
    household_id uuid not null,
    street text not null,
    state text not null check (state in ('open', 'completed')),
    opened_at timestamptz not null,
    answer_by timestamptz not null,
    completed_at timestamptz,
    valid_until timestamptz,
    revision integer not null default 0 check (revision >= 0),
    check ((state = 'completed') = (completed_at is not null and valid_until is not null and revision > 0))
);
create index verification_household on verification (household_id);

-- Every application that was heard of, whether or not its verification could be opened: what the rate is counted over.
-- The last four columns are from its declaration.
create table application (
    application_id uuid primary key,
    household_id uuid not null,
    street text not null,
    requested text[] not null,
    submitted_at timestamptz not null,
    verify_by timestamptz not null,
    decided_at timestamptz,
    verification_id uuid references verification,
    applicant_subject text,  -- null: a clerk applied for a resident without a login
    declared jsonb,
    refs jsonb,  -- what the declaration calls each person of the verification: its name to the person's id
    check ((verification_id is null) = (declared is null) and (declared is null) = (refs is null))
);
create index application_verification on application (verification_id);
create index application_household on application (household_id);
create index application_applicant on application (applicant_subject, household_id);

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

-- Somebody outside the household with a legal duty to support a member of it. Asked about under a letter of their own.
create table obligor (
    obligor_id uuid primary key,
    verification_id uuid not null references verification,
    ref text not null,  -- o1, o2, …
    obligor_of text not null,
    relation text not null,
    person_id uuid not null references person,
    name bytea not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    unique (verification_id, ref),
    unique (verification_id, person_id, obligor_of)
);

-- 核对授权书: what a person allows, for which household, and for how long. The newest one of a person counts.
create table authorisation (
    authorisation_id uuid primary key,
    household_id uuid not null,
    person_id uuid not null references person,
    capacity text not null check (capacity in ('member', 'obligor')),
    purposes text[] not null,
    fields text[] not null,
    guardian_name bytea,  -- not null: a guardian signed for a minor
    signed_on date not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null check (valid_until > valid_from),
    ended_at timestamptz,
    end_reason text check (end_reason in ('withdrawn', 'replaced', 'benefit_ended', 'household_changed')),
    ended_by text,
    check ((ended_at is null) = (end_reason is null) and (ended_at is null) = (ended_by is null))
);
create unique index authorisation_standing on authorisation (household_id, person_id) where ended_at is null;
create index authorisation_person on authorisation (household_id, person_id, authorisation_id);

-- Benefits that run: a letter dies with the last of its household.
create table running_benefit (
    benefit_id uuid primary key,
    household_id uuid not null,
    ends_on date
);
create index running_benefit_household on running_benefit (household_id);

-- What a department is asked. `first`: when the verification was opened; `recheck`: after an objection; `on_request`:
-- data sets that are asked for only when somebody says why; `obligor`: about one obligor.
create table query (
    query_id uuid primary key,
    verification_id uuid not null references verification,
    application_id uuid not null,
    household_id uuid not null,
    department text not null,
    kind text not null check (kind in ('first', 'recheck', 'on_request', 'obligor')),
    obligor_id uuid references obligor,
    data_sets text[] not null check (cardinality(data_sets) > 0),
    asked_at timestamptz not null,
    answer_by timestamptz not null,
    version integer not null default 0 check (version >= 0),
    outcome text check (outcome in ('matched', 'no_record', 'error')),
    answered_at timestamptz,
    check ((version = 0) = (outcome is null) and (version = 0) = (answered_at is null)),
    check ((kind = 'obligor') = (obligor_id is not null))
);
create index query_verification on query (verification_id);
create unique index query_first on query (verification_id, department) where kind = 'first';
create unique index query_obligor on query (obligor_id, department) where kind = 'obligor';

-- The short-lived key that letters mint for one query: made by the department's look, needed for its answer.
create table query_grant (
    grant_id uuid primary key,
    query_id uuid not null references query,
    client_id text not null,
    minted_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > minted_at)
);
create index query_grant_query on query_grant (query_id);

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

-- Somebody says that what was found is wrong: the department is asked again.
create table objection (
    objection_id uuid primary key,
    verification_id uuid not null references verification,
    application_id uuid not null references application,
    household_id uuid not null,
    data_set text not null,
    ground text not null check (ground in ('outdated', 'wrong_person', 'wrong_value', 'missing')),
    evidence text,
    raised_by text not null,
    raised_at timestamptz not null,
    query_id uuid not null references query,
    settled_at timestamptz,
    outcome text check (outcome in ('corrected', 'upheld', 'not_answered')),
    check ((settled_at is null) = (outcome is null))
);
create unique index objection_open on objection (verification_id, data_set) where settled_at is null;

-- What was known of an application when its verification was completed, and again after each late answer.
create table report (
    application_id uuid not null references application,
    revision integer not null check (revision > 0),
    verification_id uuid not null references verification,
    completed_at timestamptz not null,
    not_answered text[] not null,
    household jsonb not null,
    provenance jsonb not null,
    differences jsonb not null,
    findings jsonb not null,
    primary key (application_id, revision)
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
    household_id uuid,  -- null: nobody's household yet, as for a lead
    application_id uuid,
    verification_id uuid,
    query_id uuid,
    lead_id uuid,
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
-- only (application, verification, query, members, persons), because a circle would be refused.
alter table application enable row level security;
alter table application force row level security;
create policy scope on application
    using (
        array['*', street] && (select seen_streets())
        or applicant_subject = (select seen_subject())
    )
    with check ((select caller_scope()) = 'service');

alter table verification enable row level security;
alter table verification force row level security;
create policy scope on verification
    using (
        array['*', street] && (select seen_streets())
        or (select caller_scope()) = 'resident'
            and exists (select from application where application.verification_id = verification.verification_id)
    )
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
            and exists (
                select from query
                where query.verification_id = verification_member.verification_id and query.kind <> 'obligor'
            )
    )
    with check ((select caller_scope()) = 'service');

alter table obligor enable row level security;
alter table obligor force row level security;
create policy scope on obligor
    using (
        (select caller_scope()) = 'service'
        or (select caller_scope()) = 'department'
            and exists (select from query where query.obligor_id = obligor.obligor_id)
        or (select caller_scope()) in ('district', 'streets')
            and exists (select from verification where verification.verification_id = obligor.verification_id)
    )
    with check ((select caller_scope()) = 'service');

alter table person enable row level security;
alter table person force row level security;
create policy scope on person
    using (
        (select caller_scope()) = 'service'
        or (select caller_scope()) = 'department'
            and (
                exists (select from verification_member as member where member.person_id = person.person_id)
                or exists (select from obligor where obligor.person_id = person.person_id)
            )
    )
    with check ((select caller_scope()) = 'service');

alter table resident enable row level security;
alter table resident force row level security;
create policy scope on resident
    using ((select caller_scope()) = 'service' or subject = (select seen_subject()))
    with check ((select caller_scope()) = 'service');

alter table authorisation enable row level security;
alter table authorisation force row level security;
create policy scope on authorisation using ((select caller_scope()) = 'service');

alter table running_benefit enable row level security;
alter table running_benefit force row level security;
create policy scope on running_benefit using ((select caller_scope()) = 'service');

alter table query_grant enable row level security;
alter table query_grant force row level security;
create policy scope on query_grant using ((select caller_scope()) = 'service');

alter table answer enable row level security;
alter table answer force row level security;
create policy scope on answer using ((select caller_scope()) = 'service');

alter table objection enable row level security;
alter table objection force row level security;
create policy scope on objection
    using (exists (select from application where application.application_id = objection.application_id))
    with check ((select caller_scope()) = 'service');

alter table report enable row level security;
alter table report force row level security;
create policy scope on report
    using (exists (select from application where application.application_id = report.application_id))
    with check ((select caller_scope()) = 'service');

alter table access enable row level security;
alter table access force row level security;
create policy scope on access
    using (
        (select sees_all())
        or (select caller_scope()) = 'resident'
            and (
                exists (select from application where application.household_id = access.household_id)
                or person_ids && array(select person_id from resident)
            )
    )
    with check ((select caller_scope()) = 'service');

grant select, insert on
    person, verification_member, obligor, authorisation, query_grant, answer, report, access to {app};
grant select, insert, update on resident, application, running_benefit to {app};
grant select, insert on verification, query, objection to {app};
grant update (state, completed_at, valid_until, revision) on verification to {app};
grant update (ended_at, end_reason, ended_by) on authorisation to {app};
grant update (version, outcome, answered_at) on query to {app};
grant update (settled_at, outcome) on objection to {app};
