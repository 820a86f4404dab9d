"""What a department keeps. The migrations hold the constraints and the row-level security."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.keys import EncryptedColumn

metadata = sa.MetaData()

IDENTITY_FIELD = "register_record.identity_number"
"""What ciphertexts and blind indexes of identity numbers are bound to."""

referral = sa.Table(
    "referral",
    metadata,
    sa.Column("referral_id", sa.Uuid, primary_key=True),
    sa.Column("department", sa.Text),
    sa.Column("household_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("policy", sa.Text),
    sa.Column("policy_clause", sa.Text),
    sa.Column("street", sa.Text),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("state", sa.Text),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("accept_by", sa.DateTime(timezone=True)),
    sa.Column("complete_by", sa.DateTime(timezone=True)),
    sa.Column("overdue", ARRAY(sa.Text)),
    sa.Column("accepted_at", sa.DateTime(timezone=True)),
    sa.Column("accepted_by", sa.Text),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.Column("reason_code", sa.Text),
    sa.Column("return_text", sa.Text),
    sa.Column("result", sa.Text),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("details", JSONB),
    sa.Column("note", sa.Text),
)

work_item = sa.Table(
    "work_item",
    metadata,
    sa.Column("work_item_id", sa.Uuid, primary_key=True),
    sa.Column("department", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    sa.Column("due_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
)

register_record = sa.Table(
    "register_record",
    metadata,
    sa.Column("data_set", sa.Text, primary_key=True),
    sa.Column("person_index", sa.LargeBinary, primary_key=True),
    sa.Column("department", sa.Text),
    sa.Column("identity_number", sa.LargeBinary),
    sa.Column("fields", JSONB),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_to", sa.Date),
    sa.Column("as_of", sa.Date),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

verification_query = sa.Table(
    "verification_query",
    metadata,
    sa.Column("query_id", sa.Uuid, primary_key=True),
    sa.Column("department", sa.Text),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("data_sets", ARRAY(sa.Text)),
    sa.Column("state", sa.Text),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("answer_by", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("outcome", sa.Text),
    sa.Column("record_count", sa.Integer),
    sa.Column("refusal_code", sa.Text),
)

replenishment = sa.Table(
    "replenishment",
    metadata,
    sa.Column("replenishment_id", sa.Uuid, primary_key=True),
    sa.Column("department", sa.Text),
    sa.Column("street", sa.Text),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("state", sa.Text),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("answer_by", sa.DateTime(timezone=True)),
    sa.Column("outcome", sa.Text),
    sa.Column("granted_fen", sa.BigInteger),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
    sa.Column("answered_by", sa.Text),
    sa.Column("note", sa.Text),
)

ENCRYPTED = (EncryptedColumn(register_record.c.identity_number, IDENTITY_FIELD),)
"""Every column that holds ciphertext."""

INDEXED = ("register_record.person_index",)
"""Every column that holds blind indexes."""
