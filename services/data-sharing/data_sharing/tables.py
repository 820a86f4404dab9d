"""What data-sharing keeps. The migrations hold the constraints, the row-level security and the append-only triggers."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = sa.MetaData()

_Instant = sa.DateTime(timezone=True)

person = sa.Table(
    "person",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("identity_index", sa.LargeBinary),
    sa.Column("identity_number", sa.LargeBinary),
    sa.Column("name", sa.LargeBinary),
    sa.Column("first_declared_at", _Instant),
)

resident = sa.Table(
    "resident",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Uuid),
    sa.Column("linked_at", _Instant),
)

application = sa.Table(
    "application",
    metadata,
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("requested", ARRAY(sa.Text)),
    sa.Column("submitted_at", _Instant),
    sa.Column("verify_by", _Instant),
    sa.Column("decided_at", _Instant),
)

verification = sa.Table(
    "verification",
    metadata,
    sa.Column("verification_id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("declared", JSONB),
    sa.Column("state", sa.Text),
    sa.Column("opened_at", _Instant),
    sa.Column("answer_by", _Instant),
    sa.Column("completed_at", _Instant),
    sa.Column("valid_until", _Instant),
    sa.Column("revision", sa.Integer),
)

verification_member = sa.Table(
    "verification_member",
    metadata,
    sa.Column("verification_id", sa.Uuid, primary_key=True),
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Uuid),
    sa.Column("name", sa.LargeBinary),
    sa.Column("is_adult", sa.Boolean),
)

authorisation = sa.Table(
    "authorisation",
    metadata,
    sa.Column("authorisation_id", sa.Uuid, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("person_id", sa.Uuid),
    sa.Column("purposes", ARRAY(sa.Text)),
    sa.Column("fields", ARRAY(sa.Text)),
    sa.Column("guardian_name", sa.LargeBinary),
    sa.Column("valid_from", _Instant),
    sa.Column("valid_until", _Instant),
)

query = sa.Table(
    "query",
    metadata,
    sa.Column("query_id", sa.Uuid, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("department", sa.Text),
    sa.Column("data_sets", ARRAY(sa.Text)),
    sa.Column("answer_by", _Instant),
    sa.Column("version", sa.Integer),
    sa.Column("outcome", sa.Text),
    sa.Column("answered_at", _Instant),
)

answer = sa.Table(
    "answer",
    metadata,
    sa.Column("query_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("outcome", sa.Text),
    sa.Column("records", JSONB),
    sa.Column("digest", sa.Text),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", _Instant),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("verification_id", sa.Uuid, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("completed_at", _Instant),
    sa.Column("not_answered", ARRAY(sa.Text)),
    sa.Column("household", JSONB),
    sa.Column("provenance", JSONB),
    sa.Column("differences", JSONB),
    sa.Column("findings", JSONB),
)

access = sa.Table(
    "access",
    metadata,
    sa.Column("access_id", sa.Uuid, primary_key=True),
    sa.Column("accessed_at", _Instant),
    sa.Column("client_id", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("caller_scope", sa.Text),
    sa.Column("caller_streets", ARRAY(sa.Text)),
    sa.Column("department", sa.Text),
    sa.Column("household_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("query_id", sa.Uuid),
    sa.Column("purpose", sa.Text),
    sa.Column("person_ids", ARRAY(sa.Uuid)),
    sa.Column("fields", ARRAY(sa.Text)),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
)
