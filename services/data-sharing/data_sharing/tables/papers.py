"""Papers that families were asked for, and the list of those that nobody may ask for, as it was announced last."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from data_sharing.tables.metadata import Instant, metadata

paper_request = sa.Table(
    "paper_request",
    metadata,
    sa.Column("paper_request_id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("paper", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("due_on", sa.Date),
    sa.Column("asked_by", sa.Text),
    sa.Column("asked_at", Instant),
    sa.Column("outcome", sa.Text),
    sa.Column("settled_by", sa.Text),
    sa.Column("settled_at", Instant),
)

announced_papers = sa.Table(
    "announced_papers",
    metadata,
    sa.Column("announced_at", Instant, primary_key=True),
    sa.Column("held", ARRAY(sa.Text)),
)
