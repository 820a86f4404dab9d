alter table price_subsidy rename to household_subsidy;
alter table household_subsidy rename constraint price_subsidy_pkey to household_subsidy_pkey;
alter index price_subsidy_household rename to household_subsidy_household;

create table price_subsidy (
    month date not null references price_reading,
    household_id uuid not null,
    person_ref text not null,
    street text not null,
    applicant_subject text,
    amount_fen bigint not null check (amount_fen > 0),
    due_on date not null,
    recorded_at timestamptz not null,
    primary key (month, household_id, person_ref)  -- once a month
);
create index price_subsidy_household on price_subsidy (household_id);
alter table price_subsidy enable row level security;
alter table price_subsidy force row level security;
create policy scope on price_subsidy using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
grant select, insert on price_subsidy to {app};

select act_as_service();
insert into price_subsidy
    (month, household_id, person_ref, street, applicant_subject, amount_fen, due_on, recorded_at)
select month, household_id, unnest(person_refs), street, applicant_subject, amount_fen / cardinality(person_refs),
    due_on, recorded_at
from household_subsidy;
drop table household_subsidy;
