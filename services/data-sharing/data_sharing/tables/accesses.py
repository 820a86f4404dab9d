"""The access ledger."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from data_sharing.tables.metadata import Instant, metadata

access = sa.Table(
    "access",
    metadata,
    sa.Column("access_id", sa.Uuid, primary_key=True),
    sa.Column("accessed_at", Instant),
    sa.Column("client_id", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("caller_scope", sa.Text),
    sa.Column("caller_streets", ARRAY(sa.Text)),
    sa.Column("department", sa.Text),
    sa.Column("household_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("query_id", sa.Uuid),
    sa.Column("lead_id", sa.Uuid),
    sa.Column("purpose", sa.Text),
    sa.Column("person_ids", ARRAY(sa.Uuid)),
    sa.Column("fields", ARRAY(sa.Text)),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
)
