-- Each time that a saved comparison ran, or was not let.
create table comparison_run (
    run_id uuid primary key,
    comparison text not null,
    started_at timestamptz not null,
    state text not null check (state in ('completed', 'refused')),
    reason text,  -- why it was refused
    found integer not null check (found >= 0),
    new integer not null check (new between 0 and found),
    gone integer not null check (gone >= 0),  -- hits that stood open and are not found any more
    check ((state = 'refused') = (reason is not null))
);
create index comparison_run_comparison on comparison_run (comparison, run_id);
create trigger append_only before update or delete or truncate on comparison_run execute function refuse_change();

-- What a comparison found of one person: a clue or a lead, never a decision. The same facts are one hit for ever: what an
-- officer settled does not come back before something about it changes.
create table comparison_hit (
    hit_id uuid primary key,
    number bigint generated always as identity,
    comparison text not null,
    identity_index bytea not null check (octet_length(identity_index) = 16),
    person_id uuid references person,  -- null: the base registry does not know this person
    street text,
    evidence jsonb not null,  -- the values that were compared
    digest bytea not null,  -- of the evidence
    state text not null check (state in ('open', 'gone', 'settled')),
    found_at timestamptz not null,
    last_seen_at timestamptz not null,
    last_run_id uuid not null,  -- the run that found it last
    lead_id uuid references lead,
    outcome text check (outcome in ('confirmed', 'explained', 'data_error')),
    words text,
    settled_by text,
    settled_at timestamptz,
    unique (comparison, identity_index, digest),
    check ((state = 'settled') = (outcome is not null)),
    check ((outcome is null) = (settled_at is null) and (outcome is null) = (settled_by is null))
);
create index comparison_hit_number on comparison_hit (number);
create index comparison_hit_open on comparison_hit (comparison) where state = 'open';

-- What civil affairs stands on when it compares. Its own registers need no agreement.
alter table agreement no force row level security;  -- the owner, while it writes what stands from the first day on
insert into agreement (
    agreement_id, provider, consumer, purpose, fields, legal_basis, sharing, state, first_on, daily_quota, asked_by,
    decided_by
)
select
    standing.agreement_id::uuid, standing.provider, 'civil_affairs', 'comparison', standing.fields,
    '社会救助法第四十一条、民发〔2021〕57号第三十条', 'conditional', 'granted', date '2014-05-01', 100,
    'platform:civil_affairs', 'platform:' || standing.provider
from (values
    ('00000000-0000-7000-8000-000000000011', 'public_security', array[
        'household_register.death',
        'vehicle_register.vehicles'
    ]),
    ('00000000-0000-7000-8000-000000000012', 'market_regulation', array[
        'entity_register.representative'
    ]),
    ('00000000-0000-7000-8000-000000000013', 'disabled_federation', array[
        'disability_register.grade'
    ])
) as standing (agreement_id, provider, fields);
alter table agreement force row level security;

alter table comparison_run enable row level security;
alter table comparison_run force row level security;
create policy scope on comparison_run
    using ((select sees_all()) or (select caller_scope()) = 'department' and (select caller_department()) = 'civil_affairs')
    with check ((select caller_scope()) = 'service');

alter table comparison_hit enable row level security;
alter table comparison_hit force row level security;
create policy scope on comparison_hit
    using ((select sees_all()) or (select caller_scope()) = 'department' and (select caller_department()) = 'civil_affairs')
    with check ((select caller_scope()) = 'service');

grant select, insert on comparison_run, comparison_hit to {app};
grant update (state, last_seen_at, last_run_id, street, person_id, lead_id, outcome, words, settled_by, settled_at)
    on comparison_hit to {app};
