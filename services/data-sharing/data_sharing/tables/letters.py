"""Letters, obligors outside the household, what letters mint, and the benefits that keep letters alive."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from data_sharing.tables.metadata import Instant, metadata

authorisation = sa.Table(
    "authorisation",
    metadata,
    sa.Column("authorisation_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("person_id", sa.Uuid),
    sa.Column("capacity", sa.Text),
    sa.Column("purposes", ARRAY(sa.Text)),
    sa.Column("fields", ARRAY(sa.Text)),
    sa.Column("guardian_name", sa.LargeBinary),
    sa.Column("signed_on", sa.Date),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", Instant),
    sa.Column("valid_from", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("end_reason", sa.Text),
    sa.Column("ended_by", sa.Text),
)

obligor = sa.Table(
    "obligor",
    metadata,
    sa.Column("obligor_id", sa.Uuid, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("ref", sa.Text),
    sa.Column("obligor_of", sa.Text),
    sa.Column("relation", sa.Text),
    sa.Column("person_id", sa.Uuid),
    sa.Column("name", sa.LargeBinary),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", Instant),
)

query_grant = sa.Table(
    "query_grant",
    metadata,
    sa.Column("grant_id", sa.Uuid, primary_key=True),
    sa.Column("query_id", sa.Uuid),
    sa.Column("client_id", sa.Text),
    sa.Column("minted_at", Instant),
    sa.Column("expires_at", Instant),
)

running_benefit = sa.Table(
    "running_benefit",
    metadata,
    sa.Column("benefit_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("ends_on", sa.Date),
)
