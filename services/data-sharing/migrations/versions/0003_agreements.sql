-- What a department (or a service of the platform) may have from another, for what, how often a day, and since when.
create table agreement (
    agreement_id uuid primary key,
    provider text not null,
    consumer text not null check (consumer <> provider),
    purpose text not null,
    fields text[] not null check (cardinality(fields) > 0),
    legal_basis text not null,
    sharing text not null check (sharing in ('unconditional', 'conditional')),
    state text not null check (state in ('asked', 'granted', 'refused', 'suspended', 'ended')),
    first_on date not null,
    last_on date check (last_on >= first_on),  -- the last day of use; null: until it is ended
    daily_quota integer not null check (daily_quota > 0),  -- looks in one day of the district
    asked_by text not null,
    asked_at timestamptz,  -- null: standing since the platform began
    answer_on date,  -- the last day to grant or refuse
    decided_by text check (decided_by <> asked_by),  -- nobody grants what they asked for
    check ((state = 'asked') = (decided_by is null))
);
create index agreement_consumer on agreement (consumer, purpose);

-- What became of an agreement, step by step.
create table agreement_step (
    agreement_id uuid not null references agreement,
    number integer not null check (number > 0),
    state text not null check (state in ('asked', 'granted', 'refused', 'suspended', 'ended')),
    taken_by text not null,
    taken_at timestamptz not null,
    reason text,
    primary key (agreement_id, number)
);
create trigger append_only before update or delete or truncate on agreement_step execute function refuse_change();

-- The looks that were answered under an agreement on one day. Only a look that is answered is counted.
create table agreement_day (
    agreement_id uuid not null references agreement,
    day date not null,
    used integer not null check (used > 0),
    quota integer not null check (used <= quota),  -- that of the last look: it may be changed during a day
    primary key (agreement_id, day)
);

-- What eligibility stands on since the first day: the fields that each verification asks, from every department.
insert into agreement (
    agreement_id, provider, consumer, purpose, fields, legal_basis, sharing, state, first_on, daily_quota, asked_by,
    decided_by
)
select
    standing.agreement_id::uuid, standing.provider, 'eligibility', 'assessment', standing.fields,
    '社会救助法第四十一条、社会救助暂行办法第五十八条', 'conditional', 'granted', date '2014-05-01', 100000,
    'platform:eligibility', 'platform:' || standing.provider
from (values
    ('00000000-0000-7000-8000-000000000001', 'public_security', array[
        'household_register.birth_date',
        'household_register.sex',
        'household_register.registration',
        'household_register.death',
        'household_register.detention',
        'vehicle_register.vehicles'
    ]),
    ('00000000-0000-7000-8000-000000000002', 'human_resources', array[
        'employment_register.status',
        'employment_register.since',
        'pension_register.pension',
        'pension_register.central_base_pension',
        'pension_register.unemployment_benefit'
    ]),
    ('00000000-0000-7000-8000-000000000003', 'tax', array[
        'individual_income.wage'
    ]),
    ('00000000-0000-7000-8000-000000000004', 'housing', array[
        'real_estate.homes'
    ]),
    ('00000000-0000-7000-8000-000000000005', 'market_regulation', array[
        'business_register.business_income'
    ]),
    ('00000000-0000-7000-8000-000000000006', 'civil_affairs', array[
        'benefit_register.receiving',
        'marriage_register.marital_status'
    ]),
    ('00000000-0000-7000-8000-000000000007', 'medical_security', array[
        'medical_costs.rigid_spending_medical'
    ]),
    ('00000000-0000-7000-8000-000000000008', 'disabled_federation', array[
        'disability_register.category',
        'disability_register.grade',
        'disability_register.certificate'
    ]),
    ('00000000-0000-7000-8000-000000000009', 'education', array[
        'school_register.stage',
        'school_register.home_teaching'
    ])
) as standing (agreement_id, provider, fields);

alter table agreement enable row level security;
alter table agreement force row level security;
create policy scope on agreement
    using (
        (select sees_all())
        or (select caller_scope()) = 'department' and (select caller_department()) in (provider, consumer)
    )
    with check ((select caller_scope()) = 'service');

alter table agreement_day enable row level security;
alter table agreement_day force row level security;
create policy scope on agreement_day
    using (exists (select from agreement where agreement.agreement_id = agreement_day.agreement_id))
    with check ((select caller_scope()) = 'service');

alter table agreement_step enable row level security;
alter table agreement_step force row level security;
create policy scope on agreement_step
    using (exists (select from agreement where agreement.agreement_id = agreement_step.agreement_id))
    with check ((select caller_scope()) = 'service');

grant select, insert on agreement, agreement_step to {app};
grant update (state, decided_by) on agreement to {app};
grant select, insert, update (used, quota) on agreement_day to {app};
