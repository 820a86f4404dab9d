"""Runs of saved comparisons, and what they found."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from data_sharing.tables.metadata import Instant, metadata

comparison_run = sa.Table(
    "comparison_run",
    metadata,
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("comparison", sa.Text),
    sa.Column("started_at", Instant),
    sa.Column("state", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("found", sa.Integer),
    sa.Column("new", sa.Integer),
    sa.Column("gone", sa.Integer),
)

comparison_hit = sa.Table(
    "comparison_hit",
    metadata,
    sa.Column("hit_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger),
    sa.Column("comparison", sa.Text),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("person_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("evidence", JSONB),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("state", sa.Text),
    sa.Column("found_at", Instant),
    sa.Column("last_seen_at", Instant),
    sa.Column("last_run_id", sa.Uuid),
    sa.Column("lead_id", sa.Uuid),
    sa.Column("outcome", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("settled_by", sa.Text),
    sa.Column("settled_at", Instant),
)
