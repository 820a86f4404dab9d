"""Persons, and whose login is whose."""

import sqlalchemy as sa

from data_sharing.tables.metadata import Instant, metadata

person = sa.Table(
    "person",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("identity_number", sa.LargeBinary),
    sa.Column("name", sa.LargeBinary),
    sa.Column("first_seen_at", Instant),
)

resident = sa.Table(
    "resident",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Uuid),
    sa.Column("linked_at", Instant),
)
