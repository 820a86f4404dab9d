"""Verifications and the applications that rest on them: members, queries, answers, objections, reports."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data_sharing.tables.metadata import Instant, metadata

verification = sa.Table(
    "verification",
    metadata,
    sa.Column("verification_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("opened_at", Instant),
    sa.Column("answer_by", Instant),
    sa.Column("completed_at", Instant),
    sa.Column("valid_until", Instant),
    sa.Column("revision", sa.Integer),
)

application = sa.Table(
    "application",
    metadata,
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("requested", ARRAY(sa.Text)),
    sa.Column("submitted_at", Instant),
    sa.Column("verify_by", Instant),
    sa.Column("decided_at", Instant),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("applicant_is_known", sa.Boolean),
    sa.Column("declared", JSONB),
    sa.Column("refs", JSONB),
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

query = sa.Table(
    "query",
    metadata,
    sa.Column("query_id", sa.Uuid, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("department", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("obligor_id", sa.Uuid),
    sa.Column("data_sets", ARRAY(sa.Text)),
    sa.Column("asked_at", Instant),
    sa.Column("answer_by", Instant),
    sa.Column("version", sa.Integer),
    sa.Column("outcome", sa.Text),
    sa.Column("answered_at", Instant),
    sa.Column("reason", sa.Text),
    sa.Column("asked_by", sa.Text),
    sa.Column("file_as_of", sa.Date),
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
    sa.Column("answered_at", Instant),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("completed_at", Instant),
    sa.Column("not_answered", ARRAY(sa.Text)),
    sa.Column("household", JSONB),
    sa.Column("provenance", JSONB),
    sa.Column("differences", JSONB),
    sa.Column("findings", JSONB),
)

objection = sa.Table(
    "objection",
    metadata,
    sa.Column("objection_id", sa.Uuid, primary_key=True),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("data_set", sa.Text),
    sa.Column("ground", sa.Text),
    sa.Column("evidence", sa.Text),
    sa.Column("raised_by", sa.Text),
    sa.Column("raised_at", Instant),
    sa.Column("query_id", sa.Uuid),
    sa.Column("settled_at", Instant),
    sa.Column("outcome", sa.Text),
)
