-- Days that the district declares worked or free other than the announced calendar says.
create table calendar_correction (
    day date primary key,
    is_working boolean not null,
    reason text not null,
    recorded_by text not null,
    recorded_at timestamptz not null
);

-- The clock of the procedure runs from the day on which the application came in. Null: came in before there was one.
alter table application
    add column accepted_on date,
    add column decide_by date,
    add column overdue_at timestamptz;

-- Somebody complains about a case or reports it under their name; the family does not see it.
create table complaint (
    complaint_id uuid primary key,
    application_id uuid not null,
    household_id uuid not null,
    street text not null,
    ground text not null,
    is_real_name boolean not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    answer text,
    answered_by text,
    answered_at timestamptz,
    check ((answer is null) = (answered_by is null) and (answer is null) = (answered_at is null))
);
create index complaint_application on complaint (application_id);

-- An officer who is a near relative of a household handles nothing of it.
create table recusal (
    household_id uuid not null,
    subject text not null,
    decision_id uuid not null references decision,
    street text not null,
    reason text not null,
    recorded_at timestamptz not null,
    primary key (household_id, subject)
);

-- What the coordination group resolved on one case, above the ordinary standard.
create table resolution (
    resolution_id uuid primary key,
    number text not null unique,
    held_on date not null,
    application_id uuid not null,
    household_id uuid not null,
    street text not null,
    amount_fen bigint not null check (amount_fen > 0),
    members_present text[] not null check (cardinality(members_present) > 0),
    recorded_by text not null,
    recorded_at timestamptz not null
);
create index resolution_application on resolution (application_id);
alter table decision add column resolution_number text references resolution (number);

-- A change in a family: told by staff, or planned from what is known.
create table household_change (
    change_id uuid primary key,
    household_id uuid not null,
    application_id uuid not null,
    street text not null,
    kind text not null,
    happened_on date not null,
    person_ref text,
    relation text,
    monthly_wage text,
    new_street text,
    source text not null,
    is_late boolean not null,
    state text not null check (state in ('planned', 'reassessed', 'facts_refused')),
    reported_by text not null,
    reported_at timestamptz not null
);
create index household_change_household on household_change (household_id);

-- A change in the family is assessed on the same verification again.
alter table assessment add column household_change_id uuid references household_change;
alter table assessment drop constraint assessment_verification_id_revision_key;
alter table assessment add constraint assessment_once
    unique nulls not distinct (verification_id, revision, household_change_id);

alter table benefit
    add column state text not null default 'running' check (state in ('running', 'suspended', 'in_grace', 'ended')),
    add column grace_since date,
    add column reviewed_on date,
    add column review_due_on date;
-- One that is ended before its first month is over on the day before it.
alter table benefit drop constraint benefit_check;
alter table benefit add constraint benefit_period check (ends_on >= starts_on - 1);
-- A household has one live benefit of a policy, so that nobody is paid twice.
create unique index benefit_live on benefit (household_id, policy) where state <> 'ended';

-- What is owed a month, from the first day of a month until the next entry. Entries are added, never changed.
create table benefit_amount (
    entry bigint generated always as identity primary key,
    benefit_id uuid not null references benefit,
    from_on date not null check (extract(day from from_on) = 1),
    amount_fen bigint not null check (amount_fen >= 0),
    old_amount_fen bigint not null check (old_amount_fen >= 0),
    back_pay_fen bigint not null check (back_pay_fen >= 0),
    cause text not null,
    document text not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    unique (benefit_id, from_on, cause, document)
);

create table benefit_change (
    change_id uuid primary key,
    benefit_id uuid not null references benefit,
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    kind text not null check (kind in ('adjust', 'suspend', 'resume', 'grace', 'end')),
    cause text not null check (cause in ('reassessment', 'own_wish', 'recipient_died', 'other')),
    from_on date not null check (extract(day from from_on) = 1),
    until_on date check (until_on > from_on),
    amount_fen bigint not null check (amount_fen >= 0),
    person_refs text[] not null,
    reason text not null,
    extension_reason text,
    state text not null check (state in ('proposed', 'confirmed', 'returned')),
    proposed_by text not null,
    proposed_at timestamptz not null,
    confirmed_by text check (confirmed_by is distinct from proposed_by),
    confirmed_at timestamptz,
    returned_because text check ((returned_because is not null) = (state = 'returned'))
);
create unique index benefit_change_open on benefit_change (benefit_id) where state = 'proposed';

-- The recipient is told what is planned and says what there is to say, or lets the time pass.
create table hearing (
    change_id uuid primary key references benefit_change,
    notice_given_on date not null,
    respond_by date not null,
    opened_by text not null,
    heard_on date,
    statement text,
    recorded_by text,
    check ((heard_on is null) = (statement is null) and (heard_on is null) = (recorded_by is null))
);

-- What a reassessment would change. It changes nothing by itself; the next one takes its place.
create table suggestion (
    suggestion_id uuid primary key,
    assessment_id uuid references assessment,  -- null: nobody is left to be assessed
    household_id uuid not null,
    street text not null,
    kind text not null check (kind in ('adjust', 'resume', 'grace', 'end', 'decide')),
    policy text not null,
    benefit_id uuid references benefit,
    from_on date not null,
    until_on date,
    amount_fen bigint,
    person_refs text[] not null,
    reason text not null,
    state text not null check (state in ('open', 'superseded'))
);
create index suggestion_household on suggestion (household_id) where state = 'open';

-- Which household is on which tier, since when and why. A period is half open.
create table register_entry (
    entry_id uuid primary key,
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    tier text not null,
    policy text not null,
    person_refs text[] not null,
    since date not null,
    until date check (until >= since),
    cause text not null check (cause in ('decision', 'change')),
    cause_id uuid not null,
    ended_cause text check (ended_cause in ('decision', 'change', 'time')),
    ended_cause_id uuid
);
create index register_entry_household on register_entry (household_id, tier);
create index register_entry_street on register_entry (street, tier);

alter table calendar_correction enable row level security;
alter table calendar_correction force row level security;
create policy known on calendar_correction for select using (true);
create policy kept on calendar_correction using ((select sees_all()));
alter table complaint enable row level security;
alter table complaint force row level security;
create policy scope on complaint
    using (array['*', street] && (select seen_streets()));
alter table recusal enable row level security;
alter table recusal force row level security;
create policy scope on recusal
    using (array['*', street] && (select seen_streets()));
alter table resolution enable row level security;
alter table resolution force row level security;
create policy scope on resolution
    using (array['*', street] && (select seen_streets()));
alter table household_change enable row level security;
alter table household_change force row level security;
create policy scope on household_change
    using (array['*', street] && (select seen_streets()));
alter table benefit_amount enable row level security;
alter table benefit_amount force row level security;
create policy scope on benefit_amount
    using (exists (select from benefit where benefit.benefit_id = benefit_amount.benefit_id));
alter table benefit_change enable row level security;
alter table benefit_change force row level security;
create policy scope on benefit_change using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
alter table hearing enable row level security;
alter table hearing force row level security;
create policy scope on hearing
    using (exists (select from benefit_change where benefit_change.change_id = hearing.change_id));
alter table suggestion enable row level security;
alter table suggestion force row level security;
create policy scope on suggestion
    using (array['*', street] && (select seen_streets()));
alter table register_entry enable row level security;
alter table register_entry force row level security;
create policy scope on register_entry using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);

grant select, insert, update on calendar_correction, complaint, household_change, benefit_change, hearing, suggestion,
    register_entry to {app};
grant select, insert on recusal, resolution, benefit_amount to {app};

-- What runs already gets its history, its day of review and its place on the register.
select act_as_service();
insert into benefit_amount
    (benefit_id, from_on, amount_fen, old_amount_fen, back_pay_fen, cause, document, recorded_by, recorded_at)
select benefit_id, starts_on, monthly_amount_fen, 0, 0, 'decision', benefit.decision_id::text, confirmed_by, in_force_at
from benefit join decision using (decision_id);
update benefit set reviewed_on = starts_on, review_due_on = starts_on + interval '12 months';
insert into deadline (kind, subject, due_at)
select 'open_review', benefit_id::text, (review_due_on - interval '1 month') at time zone 'Asia/Shanghai' from benefit;
insert into register_entry
    (entry_id, household_id, street, applicant_subject, tier, policy, person_refs, since, cause, cause_id)
select benefit_id, household_id, street, applicant_subject, policy, policy, person_refs, starts_on, 'decision', decision_id
from benefit
where policy in ('tekun', 'dibao', 'single_person_dibao', 'orphan', 'defacto_unattended_child');
