-- A file with what registers say of everybody, under ids that mean nothing outside of it. The file goes after some days.
create table population_snapshot (
    snapshot_id uuid primary key,
    asked_by text not null,
    asked_at timestamptz not null,
    state text not null check (state in ('asked', 'ready', 'refused', 'erased')),
    reason text,
    built_at timestamptz,
    persons integer check (persons >= 0),
    households integer check (households >= 0),
    left_out integer check (left_out >= 0),  -- persons of the registry whose household nobody knows
    size_bytes bigint check (size_bytes > 0),
    sha256 text,
    erased_at timestamptz,
    check ((state = 'refused') = (reason is not null)),
    check ((state in ('ready', 'erased')) = (built_at is not null and sha256 is not null)),
    check ((state = 'erased') = (erased_at is not null))
);
-- Whoever asks twice gets the one that is being made.
create unique index population_snapshot_asked on population_snapshot (state) where state = 'asked';

alter table agreement no force row level security;  -- the owner, while it writes what stands from the first day on
insert into agreement (
    agreement_id, provider, consumer, purpose, fields, legal_basis, sharing, state, first_on, daily_quota, asked_by,
    decided_by
)
select
    standing.agreement_id::uuid, standing.provider, 'eligibility', 'screening', standing.fields,
    '社会救助法第三十九条、武昌办发〔2022〕8号第六条', 'conditional', 'granted', date '2014-05-01', 10,
    'platform:eligibility', 'platform:' || standing.provider
from (values
    ('00000000-0000-7000-8000-000000000021', 'public_security', array[
        'household_register.birth_date',
        'household_register.sex',
        'household_register.registration',
        'household_composition.household_number',
        'household_composition.relation_to_head',
        'vehicle_register.vehicles'
    ]),
    ('00000000-0000-7000-8000-000000000022', 'human_resources', array[
        'employment_register.status',
        'employment_register.since',
        'pension_register.pension',
        'pension_register.central_base_pension',
        'pension_register.unemployment_benefit'
    ]),
    ('00000000-0000-7000-8000-000000000023', 'tax', array['individual_income.wage']),
    ('00000000-0000-7000-8000-000000000024', 'housing', array['real_estate.homes']),
    ('00000000-0000-7000-8000-000000000025', 'market_regulation', array['business_register.business_income']),
    ('00000000-0000-7000-8000-000000000026', 'civil_affairs', array['benefit_register.receiving']),
    ('00000000-0000-7000-8000-000000000027', 'medical_security', array['medical_costs.rigid_spending_medical']),
    ('00000000-0000-7000-8000-000000000028', 'disabled_federation', array[
        'disability_register.category',
        'disability_register.grade',
        'disability_register.certificate'
    ]),
    ('00000000-0000-7000-8000-000000000029', 'education', array[
        'school_register.stage',
        'school_register.home_teaching'
    ])
) as standing (agreement_id, provider, fields);
alter table agreement force row level security;

alter table population_snapshot enable row level security;
alter table population_snapshot force row level security;
create policy scope on population_snapshot using ((select sees_all())) with check ((select caller_scope()) = 'service');

grant select, insert on population_snapshot to {app};
grant update (state, reason, built_at, persons, households, left_out, size_bytes, sha256, erased_at)
    on population_snapshot to {app};
