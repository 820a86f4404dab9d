-- Every row says whose it is, although a database belongs to one department: a token of another one sees nothing here.

create table referral (
    referral_id uuid primary key,
    department text not null,
    household_id uuid not null,
    application_id uuid not null,
    policy text not null,
    policy_clause text not null,
    street text not null,
    person_refs text[] not null,
    state text not null check (state in ('received', 'accepted', 'returned', 'completed')),
    received_at timestamptz not null,
    accept_by timestamptz not null,
    complete_by timestamptz not null,
    overdue text[] not null default '{}' check (overdue <@ array['acceptance', 'completion']),
    accepted_at timestamptz,
    accepted_by text,
    closed_at timestamptz,
    closed_by text,
    reason_code text,
    return_text text,
    result text,
    amount_fen bigint check (amount_fen >= 0),
    details jsonb,
    note text,
    check ((state in ('returned', 'completed')) = (closed_at is not null)),
    check ((state = 'returned') = (reason_code is not null)),
    check ((state = 'completed') = (result is not null)),
    check (state <> 'accepted' or accepted_at is not null)
);
create index referral_state on referral (state, referral_id);

-- What an officer has to do; closed by what was done.
create table work_item (
    work_item_id uuid primary key,
    department text not null,
    kind text not null check (kind in ('accept_referral', 'complete_referral', 'answer_replenishment')),
    subject_id uuid not null,
    opened_at timestamptz not null,
    due_at timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    unique (subject_id, kind)
);
create index work_item_open on work_item (due_at) where closed_at is null;

-- The department's registers. `person_index` is the blind index of the identity number.
create table register_record (
    data_set text not null,
    person_index bytea not null,
    department text not null,
    identity_number bytea not null,
    fields jsonb not null,
    valid_from date not null,
    valid_to date check (valid_to > valid_from),
    as_of date not null,
    recorded_at timestamptz not null,
    primary key (data_set, person_index)
);

-- Queries of verification that came for this department, and how each ended.
create table verification_query (
    query_id uuid primary key,
    department text not null,
    verification_id uuid not null,
    application_id uuid not null,
    household_id uuid not null,
    data_sets text[] not null,
    state text not null check (state in ('open', 'answered', 'refused')),
    received_at timestamptz not null,
    answer_by timestamptz not null,
    closed_at timestamptz,
    outcome text check (outcome in ('matched', 'no_record', 'error')),
    record_count integer,
    refusal_code text,
    check ((state = 'open') = (closed_at is null)),
    check ((state = 'answered') = (outcome is not null)),
    check ((state = 'refused') = (refusal_code is not null))
);

-- Requests of the street reserves, where this department funds them.
create table replenishment (
    replenishment_id uuid primary key,
    department text not null,
    street text not null,
    amount_fen bigint not null check (amount_fen > 0),
    state text not null check (state in ('open', 'answered')),
    received_at timestamptz not null,
    answer_by timestamptz not null,
    outcome text check (outcome in ('granted', 'partly_granted', 'refused')),
    granted_fen bigint,
    answered_at timestamptz,
    answered_by text,
    note text,
    check ((state = 'answered') = (outcome is not null and granted_fen is not null and answered_at is not null)),
    check (granted_fen between 0 and amount_fen)
);

grant select, insert, update on referral, work_item, register_record, verification_query, replenishment to {app};

do $$
declare
    kept text;
begin
    foreach kept in array array['referral', 'work_item', 'verification_query', 'replenishment'] loop
        execute format('alter table %I enable row level security', kept);
        execute format('alter table %I force row level security', kept);
        execute format(
            'create policy of_department on %I using (
                (select sees_all()) or department = (select caller_department())
            )',
            kept
        );
    end loop;
end
$$;

-- What a register says of people is nobody's but the department's own: also those who see the whole district do not.
alter table register_record enable row level security;
alter table register_record force row level security;
create policy of_department on register_record using (
    (select caller_scope()) = 'service' or department = (select caller_department())
);
