-- Values of parameters that officers published. They stand beside the packaged ones and win from their first day on.
-- A correction is a new row for the same day; of two published ones the later confirmed wins.
create table standard (
    standard_id uuid primary key,
    parameter text not null,
    value text not null,
    unit text not null,
    first_day date not null,
    document_number text not null,
    issued_on date not null,
    note text,
    is_correction boolean not null,
    state text not null check (state in ('proposed', 'published', 'returned')),
    proposed_by text not null,
    proposed_at timestamptz not null,
    confirmed_by text check (confirmed_by is distinct from proposed_by),
    confirmed_at timestamptz check ((confirmed_at is not null) = (state = 'published')),
    comment text check ((comment is not null) = (state = 'published')),
    returned_by text,
    returned_because text check ((returned_because is not null) = (state = 'returned'))
);
create unique index standard_proposed on standard (parameter, first_day) where state = 'proposed';
create index standard_published on standard (confirmed_at, standard_id) where state = 'published';

-- What was in force, as data, so that an assessment can be run again later.
create table toolbook_edition (
    version text primary key,
    document text not null,
    first_seen_at timestamptz not null
);
create table parameter_set (
    version text primary key,
    document text not null,
    first_seen_at timestamptz not null
);

-- Null for assessments from before parameters were archived.
alter table assessment add column parameters_version text references parameter_set;
create index assessment_household on assessment (household_id, assessed_at desc, assessment_id desc);

-- What a proposed standard would do; nothing is changed by it.
create table shadow_run (
    run_id uuid primary key,
    standard_id uuid not null references standard,
    parameters_version text not null references parameter_set,  -- what the standard is compared with
    state text not null check (state in ('running', 'completed')),
    households_total integer not null,
    households_done integer not null check (households_done >= 0),
    unreadable integer not null,  -- households whose facts on record today's contract does not read
    started_by text not null,
    started_at timestamptz not null,
    completed_at timestamptz check ((completed_at is not null) = (state = 'completed'))
);
create unique index shadow_run_open on shadow_run (standard_id) where state = 'running';
create table shadow_effect (
    run_id uuid not null references shadow_run,
    street text not null,
    policy text not null,
    running integer not null,
    entering integer not null,
    leaving integer not null,
    changing integer not null,
    undecided integer not null,
    just_over integer not null,
    cost_before_fen bigint not null,
    cost_after_fen bigint not null,
    primary key (run_id, street, policy)
);

-- What new standards made of running benefits: one row per time in which a benefit has one amount.
-- The version makes a second run under the same parameters write nothing.
create table recomputation (
    benefit_id uuid not null references benefit,
    parameters_version text not null references parameter_set,
    from_on date not null,
    since date not null,  -- first day of the standards that caused it
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    policy text not null,
    outcome text not null check (outcome in ('raised', 'unchanged', 'lowered', 'lost', 'undecided', 'by_officer')),
    old_amount_fen bigint not null,
    new_amount_fen bigint,
    back_pay_fen bigint not null check (back_pay_fen >= 0),
    recomputed_at timestamptz not null,
    primary key (benefit_id, parameters_version, from_on)
);
create index recomputation_since on recomputation (since, benefit_id);
create index recomputation_from on recomputation (from_on, benefit_id);

-- Months of consumer prices, in order, and what each did to the supplement.
create table price_reading (
    month date primary key check (extract(day from month) = 1),
    cpi_rise text not null,  -- percent over the same month a year before, as published
    food_rise text not null,
    published_on date not null,
    source text not null,
    step text not null check (step in ('starts', 'continues', 'ends', 'rests')),
    amount_per_person_fen bigint not null check (amount_per_person_fen >= 0),
    due_on date not null,
    recorded_by text not null,
    recorded_at timestamptz not null
);
create table price_subsidy (
    month date not null references price_reading,
    household_id uuid not null,
    street text not null,
    applicant_subject text,
    person_refs text[] not null check (cardinality(person_refs) > 0),
    amount_fen bigint not null check (amount_fen > 0),
    due_on date not null,
    recorded_at timestamptz not null,
    primary key (month, household_id)  -- once a month
);
create index price_subsidy_household on price_subsidy (household_id);

-- What holds for everybody: known to all, changed by those who see the whole district.
do $$
declare
    kept text;
begin
    foreach kept in array array['standard', 'toolbook_edition', 'parameter_set', 'shadow_run', 'price_reading'] loop
        execute format('alter table %I enable row level security', kept);
        execute format('alter table %I force row level security', kept);
        execute format('create policy known on %I for select using (true)', kept);
        execute format('create policy kept on %I using ((select sees_all()))', kept);
    end loop;
end
$$;
-- Prices are entered by the bureau that has the index, too.
create policy entered on price_reading for insert with check ((select caller_department()) = 'development_reform');

alter table shadow_effect enable row level security;
alter table shadow_effect force row level security;
create policy scope on shadow_effect
    using (array['*', street] && (select seen_streets()));
alter table recomputation enable row level security;
alter table recomputation force row level security;
create policy scope on recomputation using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
alter table price_subsidy enable row level security;
alter table price_subsidy force row level security;
create policy scope on price_subsidy using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);

grant select, insert, update on standard, shadow_run, shadow_effect to {app};
grant select, insert on toolbook_edition, parameter_set, recomputation, price_reading, price_subsidy to {app};
-- A value that comes back after a correction is told again.
grant update on published_parameter to {app};
