-- Values of dated parameters that others were told of.
create table published_parameter (
    parameter text not null,
    first_day date not null,
    value text not null,
    published_at timestamptz not null,
    primary key (parameter, first_day, value)
);

-- What a resident asked for; heard from intake, kept until the assessment.
create table application (
    application_id uuid primary key,
    household_id uuid not null,
    street text not null,
    requested text[] not null
);

-- One answer of the whole toolbook. Facts and result are kept as text, so that a replay can compare bytes.
create table assessment (
    assessment_id uuid primary key,
    application_id uuid not null,
    household_id uuid not null,
    verification_id uuid not null,
    revision integer not null,  -- a late answer completes the same verification again
    street text not null,
    applicant_subject text,
    requested text[] not null,
    as_of date not null,
    facts text not null,
    result text not null,
    toolbook_version text not null,
    assessed_at timestamptz not null,
    unique (verification_id, revision)
);
create index assessment_application on assessment (application_id, assessed_at);

create table decision (
    decision_id uuid primary key,
    assessment_id uuid not null references assessment,
    application_id uuid not null,
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    state text not null check (state in ('proposed', 'on_notice', 'in_force', 'returned')),
    outcome text not null check (outcome in ('granted', 'refused')),
    comment text not null,
    differs_from_assessment boolean not null,
    needs_district_visit boolean not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    confirmed_by text check (confirmed_by is distinct from proposed_by),
    confirmed_at timestamptz,
    notice_ends_on date,
    in_force_at timestamptz,
    returned_because text check ((returned_because is not null) = (state = 'returned'))
);
-- One decision is open or in force per assessment; a returned one makes room for the next.
create unique index decision_live on decision (assessment_id) where state <> 'returned';
create index decision_application on decision (application_id, proposed_at);

create table measure (
    decision_id uuid not null references decision,
    policy text not null,
    outcome text not null check (outcome in ('granted', 'refused')),
    monthly_amount_fen bigint check (monthly_amount_fen >= 0),
    person_refs text[] not null,
    reason text not null,
    differs_from_assessment boolean not null,
    primary key (decision_id, policy)
);

create table objection (
    objection_id uuid primary key,
    decision_id uuid not null references decision,
    ground text not null,
    recorded_by text not null,
    recorded_at timestamptz not null
);

create table benefit (
    benefit_id uuid primary key,
    decision_id uuid not null references decision,
    application_id uuid not null,
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    policy text not null,
    monthly_amount_fen bigint not null check (monthly_amount_fen > 0),
    person_refs text[] not null,
    starts_on date not null,
    ends_on date check (ends_on >= starts_on),
    unique (decision_id, policy)
);
create index benefit_household on benefit (household_id);

create table referral (
    referral_id uuid primary key,
    decision_id uuid not null references decision,
    household_id uuid not null,
    street text not null,
    policy text not null,
    department text not null,
    issued_at timestamptz not null,
    unique (decision_id, policy)
);

-- Second wall: a caller's context decides which rows exist for it.
alter table published_parameter enable row level security;
alter table published_parameter force row level security;
create policy known on published_parameter for select using (true);
create policy published on published_parameter using ((select sees_all()));
alter table application enable row level security;
alter table application force row level security;
create policy scope on application using (
    array['*', street] && (select seen_streets())
    or exists (select from assessment where assessment.application_id = application.application_id)
);
alter table assessment enable row level security;
alter table assessment force row level security;
create policy scope on assessment using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
alter table decision enable row level security;
alter table decision force row level security;
create policy scope on decision using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
alter table benefit enable row level security;
alter table benefit force row level security;
create policy scope on benefit using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
alter table referral enable row level security;
alter table referral force row level security;
create policy scope on referral
    using (array['*', street] && (select seen_streets()));
alter table measure enable row level security;
alter table measure force row level security;
create policy scope on measure using (exists (select from decision where decision.decision_id = measure.decision_id));
alter table objection enable row level security;
alter table objection force row level security;
create policy scope on objection
    using (exists (select from decision where decision.decision_id = objection.decision_id));

grant select, insert on published_parameter, assessment, measure, objection, referral to {app};
grant select, insert, update on application to {app};
grant select, insert, update on decision, benefit to {app};

-- The first day of work: tell the others the standards, then look every hour whether there are new ones.
insert into deadline (kind, subject, due_at) values ('publish_standards', 'parameters', '2022-01-01T00:00:00Z');
