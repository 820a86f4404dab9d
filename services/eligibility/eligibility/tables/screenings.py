"""What is kept of screenings and of what they found."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from eligibility.tables.schema import metadata

screening = sa.Table(
    "screening",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("snapshot_sha256", sa.Text),
    sa.Column("as_of", sa.Date),
    sa.Column("parts", sa.Integer),
    sa.Column("state", sa.Text),
    sa.Column("requested_by", sa.Text),
    sa.Column("requested_at", sa.DateTime(timezone=True)),
    sa.Column("toolbook_version", sa.Text),
    sa.Column("persons", sa.Integer),
    sa.Column("households", sa.Integer),
    sa.Column("rejected_rows", sa.Integer),
    sa.Column("undecided_households", sa.Integer),
    sa.Column("unknown_columns", ARRAY(sa.Text)),
    sa.Column("problems", ARRAY(sa.Text)),
    sa.Column("to_tell", sa.Integer),
    sa.Column("told", sa.Integer),
    sa.Column("leads", sa.Integer),
    sa.Column("reviews", sa.Integer),
    sa.Column("completed_at", sa.DateTime(timezone=True)),
)

screening_part = sa.Table(
    "screening_part",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary),
)

screening_rejection = sa.Table(
    "screening_rejection",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("row_number", sa.Integer),
    sa.Column("household_ref", sa.Text),
    sa.Column("person_ref", sa.Text),
    sa.Column("column_name", sa.Text),
    sa.Column("found", sa.Text),
    sa.Column("expected", sa.Text),
)

screening_match = sa.Table(
    "screening_match",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("findings", JSONB),
)

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("finding_id", sa.Uuid, primary_key=True),
    sa.Column("screening_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("reason", sa.Text),
    sa.Column("found_at", sa.DateTime(timezone=True)),
    sa.Column("state", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
)
