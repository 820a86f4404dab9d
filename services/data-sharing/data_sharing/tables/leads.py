"""Reports of families in trouble and what became of them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from data_sharing.tables.metadata import Instant, metadata

lead = sa.Table(
    "lead",
    metadata,
    sa.Column("lead_id", sa.Uuid, primary_key=True),
    sa.Column("street", sa.Text),
    sa.Column("troubles", ARRAY(sa.Text)),
    sa.Column("told", ARRAY(sa.Text)),
    sa.Column("is_urgent", sa.Boolean),
    sa.Column("state", sa.Text),
    sa.Column("opened_at", Instant),
    sa.Column("contact_by", Instant),
    sa.Column("person_id", sa.Uuid),
    sa.Column("match", sa.Text),
    sa.Column("contacted_at", Instant),
    sa.Column("overdue_at", Instant),
    sa.Column("outcome", sa.Text),
    sa.Column("application_id", sa.Uuid),
    sa.Column("duplicate_of", sa.Uuid),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("erased_at", Instant),
)

lead_report = sa.Table(
    "lead_report",
    metadata,
    sa.Column("report_id", sa.Uuid, primary_key=True),
    sa.Column("lead_id", sa.Uuid),
    sa.Column("sender", sa.Text),
    sa.Column("reference", sa.Text),
    sa.Column("channel", sa.Text),
    sa.Column("happened_on", sa.Date),
    sa.Column("troubles", ARRAY(sa.Text)),
    sa.Column("is_urgent", sa.Boolean),
    sa.Column("sent_by", sa.Text),
    sa.Column("received_at", Instant),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("about", sa.LargeBinary),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("name_index", sa.LargeBinary),
    sa.Column("address_index", sa.LargeBinary),
    sa.Column("phone_index", sa.LargeBinary),
)

lead_candidate = sa.Table(
    "lead_candidate",
    metadata,
    sa.Column("lead_id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("chance", sa.Numeric(5, 4)),
)

lead_contact = sa.Table(
    "lead_contact",
    metadata,
    sa.Column("contact_id", sa.Uuid, primary_key=True),
    sa.Column("lead_id", sa.Uuid),
    sa.Column("result", sa.Text),
    sa.Column("made_by", sa.Text),
    sa.Column("made_at", Instant),
)
