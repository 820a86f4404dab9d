"""Applications, household files, who is in them, and the time line."""

from alembic import op

from shared.migrations import platform_0001, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = """
-- One file per household. `persons` holds names and identity numbers of those who are in it now, encrypted.
create table household (
    household_id uuid not null,
    street text not null,
    applicant_subject text,  -- who may read the file: the first applicant, then that of each decided application
    persons bytea not null,
    registered_at timestamptz not null,
    constraint household_pkey primary key (household_id)
);
create index household_street on household (street);

-- Who is in which file now, by blind index: a person is in one at a time.
create table household_member (
    identity_index bytea not null,
    household_id uuid not null,
    constraint household_member_pkey primary key (identity_index),
    constraint household_member_household_id foreign key (household_id) references household (household_id),
    constraint household_member_identity_index check (length(identity_index) = 16)
);
create index household_member_household on household_member (household_id);

-- `declaration` is what was declared, without names and identity numbers: those are in `persons`, encrypted.
create table application (
    application_id uuid not null,
    household_id uuid not null,
    street text not null,
    applicant_subject text,  -- null: taken in by a clerk
    submitted_by text not null,
    channel text not null,
    status text not null,
    requested text[] not null,
    member_count integer not null,
    persons bytea not null,
    declaration jsonb not null,
    submitted_at timestamptz not null,
    decide_by date not null,
    decide_by_is_provisional boolean not null,
    constraint application_pkey primary key (application_id),
    constraint application_household_id foreign key (household_id) references household (household_id),
    constraint application_status check (
        status in ('submitted', 'verified', 'assessed', 'proposed', 'on_notice', 'granted', 'refused')
    ),
    constraint application_channel check (channel in ('mini_program', 'street', 'government_system')),
    constraint application_decide_by check (decide_by >= (submitted_at at time zone 'Asia/Shanghai')::date)
);
create index application_street on application (street, application_id);
create index application_household on application (household_id);

-- The primary key is the rule: nobody is in two open applications. Rows go when the application is decided.
create table open_membership (
    identity_index bytea not null,
    application_id uuid not null,
    constraint open_membership_pkey primary key (identity_index),
    constraint open_membership_application_id foreign key (application_id) references application (application_id)
);
create index open_membership_application on open_membership (application_id);

-- No foreign keys: an event may be heard before its household or application is known.
create table timeline_entry (
    event_id uuid not null,
    household_id uuid not null,
    application_id uuid,
    at timestamptz not null,
    kind text not null,
    text text not null,
    constraint timeline_entry_pkey primary key (event_id)
);
create index timeline_entry_household on timeline_entry (household_id, at, event_id);
create index timeline_entry_application on timeline_entry (application_id, at, event_id);

grant select, insert, update on household, application to {app};
grant select, insert, update, delete on household_member to {app};
grant select, insert, delete on open_membership to {app};
grant select, insert on timeline_entry to {app};

-- Who may see a row. Only the service itself writes: its handlers check the caller before they do.
alter table household enable row level security;
alter table household force row level security;
create policy household_read on household for select using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
create policy household_insert on household for insert with check ((select caller_scope()) = 'service');
create policy household_update on household for update using ((select caller_scope()) = 'service');

alter table application enable row level security;
alter table application force row level security;
create policy application_read on application for select using (
    array['*', street] && (select seen_streets())
    or applicant_subject = (select seen_subject())
);
create policy application_insert on application for insert with check ((select caller_scope()) = 'service');
create policy application_update on application for update using ((select caller_scope()) = 'service');

alter table household_member enable row level security;
alter table household_member force row level security;
create policy household_member_service on household_member using ((select caller_scope()) = 'service');

alter table open_membership enable row level security;
alter table open_membership force row level security;
create policy open_membership_service on open_membership using ((select caller_scope()) = 'service');

alter table timeline_entry enable row level security;
alter table timeline_entry force row level security;
create policy timeline_entry_read on timeline_entry for select using (
    (select caller_scope()) = 'service'
    or exists (select from application where application.application_id = timeline_entry.application_id)
    or exists (select from household where household.household_id = timeline_entry.household_id)
);
create policy timeline_entry_insert on timeline_entry for insert with check ((select caller_scope()) = 'service');
"""


def upgrade() -> None:
    """Make the tables, the rights of the run-time role and the row-level security."""
    platform_0001(op)
    run_sql(op, SCHEMA)
