"""Within how many working days an application is decided, by first day: our own copy of what eligibility publishes."""

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The values of the day on which this was written, so that no application waits for eligibility to say them. What it
# publishes takes their place.
SCHEMA = """
create table decision_limit (
    first_day date not null,
    working_days integer not null,
    constraint decision_limit_pkey primary key (first_day),
    constraint decision_limit_working_days check (working_days >= 0)
);
insert into decision_limit (first_day, working_days) values ('2021-07-01', 30), ('2022-10-20', 20);
alter table decision_limit enable row level security;
alter table decision_limit force row level security;
create policy decision_limit_known on decision_limit for select using (true);
create policy decision_limit_heard on decision_limit for insert with check ((select caller_scope()) = 'service');
create policy decision_limit_corrected on decision_limit for update using ((select caller_scope()) = 'service');
grant select, insert, update on decision_limit to {app};
"""


def upgrade() -> None:
    """Make the table with the values that stand."""
    run_sql(op, SCHEMA)
