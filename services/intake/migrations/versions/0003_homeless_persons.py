"""Files of homeless persons, what they were given, and their way to the rescue station or home (clause 4.5)."""

from alembic import op

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = """
-- Who lives on the street has a household file of their own, a household of one, opened with this file. `details` holds
-- where the person was found, a description, the condition, name and number as far as known, encrypted.
create table homeless_person (
    homeless_person_id uuid not null,
    street text not null,
    household_id uuid not null,
    state text not null,
    found_on date not null,
    details bytea not null,
    identity_index bytea,  -- blind index of the number; null: nobody knows yet who it is
    identified_household_id uuid,  -- where the person is known: another household, or the file of their own
    identified_by text,
    identified_at timestamptz,
    opened_by text not null,
    opened_at timestamptz not null,
    constraint homeless_person_pkey primary key (homeless_person_id),
    constraint homeless_person_one_household unique (household_id),
    constraint homeless_person_household foreign key (household_id) references household (household_id),
    constraint homeless_person_identified_household foreign key (identified_household_id)
        references household (household_id),
    constraint homeless_person_state check (state in ('on_street', 'at_station', 'awaiting_escort', 'escorted_home')),
    constraint homeless_person_identified check (
        num_nulls(identity_index, identified_household_id, identified_by, identified_at) in (0, 4)
    ),
    constraint homeless_person_found_on check (found_on <= (opened_at at time zone 'Asia/Shanghai')::date)
);
create index homeless_person_street on homeless_person (street, opened_at, homeless_person_id);
create index homeless_person_identity on homeless_person (identity_index) where identity_index is not null;

-- What was given: written once.
create table homeless_person_aid (
    aid_id uuid not null,
    homeless_person_id uuid not null,
    street text not null,
    kind text not null,
    quantity integer not null,
    given_on date not null,
    given_by text not null,
    recorded_at timestamptz not null,
    constraint homeless_person_aid_pkey primary key (aid_id),
    constraint homeless_person_aid_file foreign key (homeless_person_id)
        references homeless_person (homeless_person_id),
    constraint homeless_person_aid_kind check (kind in ('food', 'clothing', 'bedding')),
    constraint homeless_person_aid_quantity check (quantity between 1 and 100)
);
create index homeless_person_aid_file on homeless_person_aid (homeless_person_id, aid_id);

-- The way to the rescue station and home: written once; the file's state follows.
create table homeless_person_step (
    step_id uuid not null,
    homeless_person_id uuid not null,
    street text not null,
    step text not null,
    state text not null,  -- after it
    taken_on date not null,
    destination text,  -- the region that the person was escorted to
    recorded_by text not null,
    recorded_at timestamptz not null,
    constraint homeless_person_step_pkey primary key (step_id),
    constraint homeless_person_step_file foreign key (homeless_person_id)
        references homeless_person (homeless_person_id),
    constraint homeless_person_step_destination check ((step = 'escorted_home') = (destination is not null))
);
create index homeless_person_step_file on homeless_person_step (homeless_person_id, step_id);

grant select, insert on homeless_person, homeless_person_aid, homeless_person_step to {app};
-- Where and when somebody was found stays as it was written; that the person has been identified is written once.
grant update (state, details, identity_index, identified_household_id, identified_by, identified_at)
    on homeless_person to {app};

create function refuse_second_identity() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
    raise exception 'the homeless person % was identified', old.homeless_person_id
        using errcode = 'restrict_violation', constraint = 'homeless_person_identified_once';
end
$$;
create trigger homeless_person_identified_once before update on homeless_person for each row
    when (
        old.identity_index is not null
        and (old.identity_index, old.identified_household_id) is distinct from
            (new.identity_index, new.identified_household_id)
    )
    execute function refuse_second_identity();

-- As elsewhere in intake, only the service itself writes: its handlers check the caller before they do.
alter table homeless_person enable row level security, force row level security;
create policy homeless_person_read on homeless_person for select using (
    array['*', street] && (select seen_streets())
);
create policy homeless_person_insert on homeless_person for insert with check ((select caller_scope()) = 'service');
create policy homeless_person_update on homeless_person for update using ((select caller_scope()) = 'service');
alter table homeless_person_aid enable row level security, force row level security;
create policy homeless_person_aid_read on homeless_person_aid for select using (
    array['*', street] && (select seen_streets())
);
create policy homeless_person_aid_insert on homeless_person_aid for insert
    with check ((select caller_scope()) = 'service');
alter table homeless_person_step enable row level security, force row level security;
create policy homeless_person_step_read on homeless_person_step for select using (
    array['*', street] && (select seen_streets())
);
create policy homeless_person_step_insert on homeless_person_step for insert
    with check ((select caller_scope()) = 'service');
"""


def upgrade() -> None:
    """Make the tables, their rights and the row-level security."""
    run_sql(op, SCHEMA)
