"""Agreements, their steps, and the looks of each day under them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from data_sharing.tables.metadata import Instant, metadata

agreement = sa.Table(
    "agreement",
    metadata,
    sa.Column("agreement_id", sa.Uuid, primary_key=True),
    sa.Column("provider", sa.Text),
    sa.Column("consumer", sa.Text),
    sa.Column("purpose", sa.Text),
    sa.Column("fields", ARRAY(sa.Text)),
    sa.Column("legal_basis", sa.Text),
    sa.Column("sharing", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("first_on", sa.Date),
    sa.Column("last_on", sa.Date),
    sa.Column("daily_quota", sa.Integer),
    sa.Column("asked_by", sa.Text),
    sa.Column("asked_at", Instant),
    sa.Column("answer_on", sa.Date),
    sa.Column("is_extended", sa.Boolean),
    sa.Column("supply_on", sa.Date),
    sa.Column("decided_by", sa.Text),
)

agreement_day = sa.Table(
    "agreement_day",
    metadata,
    sa.Column("agreement_id", sa.Uuid, sa.ForeignKey("agreement.agreement_id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("used", sa.Integer),
    sa.Column("quota", sa.Integer),
)

agreement_step = sa.Table(
    "agreement_step",
    metadata,
    sa.Column("agreement_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("state", sa.Text),
    sa.Column("taken_by", sa.Text),
    sa.Column("taken_at", Instant),
    sa.Column("reason", sa.Text),
)
