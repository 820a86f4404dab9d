"""What intake keeps. Names and identity numbers only encrypted; found again by a blind index."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.keys import EncryptedColumn

metadata = sa.MetaData()

household = sa.Table(
    "household",
    metadata,
    sa.Column("household_id", UUID, primary_key=True),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("persons", sa.LargeBinary, nullable=False),
    sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
)
"""One file per household; `applicant_subject` may read it: the first applicant, then that of each decision."""

household_member = sa.Table(
    "household_member",
    metadata,
    sa.Column("identity_index", sa.LargeBinary, primary_key=True),
    sa.Column("household_id", UUID, nullable=False),
)
"""Who is in which file now."""

application = sa.Table(
    "application",
    metadata,
    sa.Column("application_id", UUID, primary_key=True),
    sa.Column("household_id", UUID, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("submitted_by", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("requested", ARRAY(sa.Text), nullable=False),
    sa.Column("member_count", sa.Integer, nullable=False),
    sa.Column("persons", sa.LargeBinary, nullable=False),
    sa.Column("declaration", JSONB, nullable=False),
    sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decide_by", sa.Date, nullable=False),
    sa.Column("decide_by_is_provisional", sa.Boolean, nullable=False),
)
"""What was submitted. Only `status` changes."""

open_membership = sa.Table(
    "open_membership",
    metadata,
    sa.Column("identity_index", sa.LargeBinary, primary_key=True),
    sa.Column("application_id", UUID, nullable=False),
)
"""Members of open applications: the primary key lets nobody be in two."""

timeline_entry = sa.Table(
    "timeline_entry",
    metadata,
    sa.Column("event_id", UUID, primary_key=True),
    sa.Column("household_id", UUID, nullable=False),
    sa.Column("application_id", UUID),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""What happened, in the resident's words. An entry may stand here before its application does."""

decision_limit = sa.Table(
    "decision_limit",
    metadata,
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("working_days", sa.Integer, nullable=False),
)
"""Within how many working days an application is decided, from a day on."""

homeless_person = sa.Table(
    "homeless_person",
    metadata,
    sa.Column("homeless_person_id", UUID, primary_key=True),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("household_id", UUID, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("found_on", sa.Date, nullable=False),
    sa.Column("details", sa.LargeBinary, nullable=False),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("identified_household_id", UUID),
    sa.Column("identified_by", sa.Text),
    sa.Column("identified_at", sa.DateTime(timezone=True)),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
)
"""Who was found living on the street; `household_id` is a household of one, opened with the file."""

homeless_person_aid = sa.Table(
    "homeless_person_aid",
    metadata,
    sa.Column("aid_id", UUID, primary_key=True),
    sa.Column("homeless_person_id", UUID, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("given_on", sa.Date, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)

homeless_person_step = sa.Table(
    "homeless_person_step",
    metadata,
    sa.Column("step_id", UUID, primary_key=True),
    sa.Column("homeless_person_id", UUID, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("taken_on", sa.Date, nullable=False),
    sa.Column("destination", sa.Text),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)

ENCRYPTED = (
    EncryptedColumn(household.c.persons, "household.persons", is_bound_to_row=True),
    EncryptedColumn(application.c.persons, "application.persons", is_bound_to_row=True),
    EncryptedColumn(homeless_person.c.details, "homeless_person.details", is_bound_to_row=True),
)
"""Every column that holds ciphertext."""

INDEXED = ("household_member.identity_index", "open_membership.identity_index", "homeless_person.identity_index")
"""Every column that holds blind indexes."""
