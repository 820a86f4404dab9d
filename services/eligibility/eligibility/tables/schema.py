"""The set of tables of eligibility."""

import sqlalchemy as sa

metadata = sa.MetaData()
