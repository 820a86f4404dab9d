"""What is kept of the duties of those who decide: complaints, recusals, resolutions, the calendar."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from eligibility.tables.schema import metadata

calendar_correction = sa.Table(
    "calendar_correction",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("is_working", sa.Boolean),
    sa.Column("reason", sa.Text),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

complaint = sa.Table(
    "complaint",
    metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("ground", sa.Text),
    sa.Column("is_real_name", sa.Boolean),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
    sa.Column("answer", sa.Text),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
)

recusal = sa.Table(
    "recusal",
    metadata,
    sa.Column("household_id", sa.Uuid, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

resolution = sa.Table(
    "resolution",
    metadata,
    sa.Column("resolution_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text),
    sa.Column("held_on", sa.Date),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("members_present", ARRAY(sa.Text)),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)
