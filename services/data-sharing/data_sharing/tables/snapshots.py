"""Population snapshots."""

import sqlalchemy as sa

from data_sharing.tables.metadata import Instant, metadata

population_snapshot = sa.Table(
    "population_snapshot",
    metadata,
    sa.Column("snapshot_id", sa.Uuid, primary_key=True),
    sa.Column("asked_by", sa.Text),
    sa.Column("asked_at", Instant),
    sa.Column("state", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("built_at", Instant),
    sa.Column("persons", sa.Integer),
    sa.Column("households", sa.Integer),
    sa.Column("left_out", sa.Integer),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("sha256", sa.Text),
    sa.Column("erased_at", Instant),
)
