"""Files that departments deliver, and the base registries of persons and legal entities."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data_sharing.tables.metadata import Instant, metadata

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("data_set", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("as_of", sa.Date),
    sa.Column("state", sa.Text),
    sa.Column("announced_at", Instant),
    sa.Column("published_at", Instant),
    sa.Column("superseded_at", Instant),
    sa.Column("erased_at", Instant),
    sa.Column("format", sa.Text),
    sa.Column("rows", sa.Integer),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("checksum", sa.Text),
    sa.Column("received_at", Instant),
    sa.Column("position", sa.BigInteger),
    sa.Column("checked_rows", sa.Integer),
    sa.Column("loaded_rows", sa.Integer),
    sa.Column("rejected_rows", sa.Integer),
    sa.Column("refusal", sa.Text),
    sa.Column("refused_what", sa.Text),
)

batch_reject = sa.Table(
    "batch_reject",
    metadata,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("row_number", sa.Integer, primary_key=True),
    sa.Column("reasons", ARRAY(sa.Text)),
)

register_record = sa.Table(
    "register_record",
    metadata,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("row_number", sa.Integer, primary_key=True),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("fields", JSONB),
)

person_delivery = sa.Table(
    "person_delivery",
    metadata,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("identity_index", sa.LargeBinary, primary_key=True),
    sa.Column("identity_number", sa.LargeBinary),
    sa.Column("person_name", sa.LargeBinary),
    sa.Column("name", sa.LargeBinary),
    sa.Column("address", sa.LargeBinary),
)

# A view: the rows that count now.
current_record = sa.Table(
    "current_record",
    metadata,
    sa.Column("data_set", sa.Text),
    sa.Column("as_of", sa.Date),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("fields", JSONB),
    sa.Column("batch_id", sa.Uuid),
    sa.Column("row_number", sa.Integer),
)

person_version = sa.Table(
    "person_version",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("valid_until", sa.Date),
    sa.Column("name", sa.LargeBinary),
    sa.Column("name_index", sa.LargeBinary),
    sa.Column("birth_date", sa.Date),
    sa.Column("sex", sa.Text),
    sa.Column("registration_region", sa.Text),
    sa.Column("registration_kind", sa.Text),
    sa.Column("street", sa.Text),
    sa.Column("community", sa.Text),
    sa.Column("address", sa.LargeBinary),
    sa.Column("died_on", sa.Date),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("batch_id", sa.Uuid),
    sa.Column("recorded_at", Instant),
)

legal_entity_version = sa.Table(
    "legal_entity_version",
    metadata,
    sa.Column("credit_code", sa.Text, primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("valid_until", sa.Date),
    sa.Column("name", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("representative_index", sa.LargeBinary),
    sa.Column("batch_id", sa.Uuid),
    sa.Column("recorded_at", Instant),
)
