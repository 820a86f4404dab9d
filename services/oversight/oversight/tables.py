"""What oversight keeps. Nothing here is ever changed or removed; the database refuses both."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

metadata = sa.MetaData()

log_entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("leaf_index", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", UUID, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""Every event. `body` is the exact message, and the leaf of the tree."""

log_node = sa.Table(
    "log_node",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""Roots of perfect subtrees, as `rules.tree.Node` numbers them."""

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("checkpoint_id", UUID, primary_key=True),
    sa.Column("tree_size", sa.BigInteger, nullable=False),
    sa.Column("root_hash", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("requested_by", sa.Text),
    sa.Column("rechecked_until", sa.BigInteger, nullable=False),
)
"""Signed heads. `requested_by` is null for the daily ones. `rechecked_until`: up to which leaf the events under earlier
heads were hashed again.
"""

clue = sa.Table(
    "clue",
    metadata,
    sa.Column("clue_id", UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("event_id", UUID, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("street", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
)
"""What detectors found. `key` is that of the event: the household, or the street where there is none."""
