"""What is kept of standards."""

import sqlalchemy as sa

from eligibility.tables.schema import metadata

published_parameter = sa.Table(
    "published_parameter",
    metadata,
    sa.Column("parameter", sa.Text, primary_key=True),
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True)),
)
