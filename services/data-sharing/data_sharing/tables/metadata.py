"""What the tables share."""

import sqlalchemy as sa

metadata = sa.MetaData()

Instant = sa.DateTime(timezone=True)
