"""What eligibility keeps. The migrations hold the constraints and the row-level security."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = sa.MetaData()

published_parameter = sa.Table(
    "published_parameter",
    metadata,
    sa.Column("parameter", sa.Text, primary_key=True),
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True)),
)

application = sa.Table(
    "application",
    metadata,
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("requested", ARRAY(sa.Text)),
)

assessment = sa.Table(
    "assessment",
    metadata,
    sa.Column("assessment_id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("verification_id", sa.Uuid),
    sa.Column("revision", sa.Integer),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("requested", ARRAY(sa.Text)),
    sa.Column("as_of", sa.Date),
    sa.Column("facts", sa.Text),
    sa.Column("result", sa.Text),
    sa.Column("toolbook_version", sa.Text),
    sa.Column("assessed_at", sa.DateTime(timezone=True)),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("decision_id", sa.Uuid, primary_key=True),
    sa.Column("assessment_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("differs_from_assessment", sa.Boolean),
    sa.Column("needs_district_visit", sa.Boolean),
    sa.Column("proposed_by", sa.Text),
    sa.Column("proposed_at", sa.DateTime(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.Column("notice_ends_on", sa.Date),
    sa.Column("in_force_at", sa.DateTime(timezone=True)),
    sa.Column("returned_because", sa.Text),
)

measure = sa.Table(
    "measure",
    metadata,
    sa.Column("decision_id", sa.Uuid, primary_key=True),
    sa.Column("policy", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text),
    sa.Column("monthly_amount_fen", sa.BigInteger),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("reason", sa.Text),
    sa.Column("differs_from_assessment", sa.Boolean),
)

objection = sa.Table(
    "objection",
    metadata,
    sa.Column("objection_id", sa.Uuid, primary_key=True),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("ground", sa.Text),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

benefit = sa.Table(
    "benefit",
    metadata,
    sa.Column("benefit_id", sa.Uuid, primary_key=True),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("monthly_amount_fen", sa.BigInteger),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("starts_on", sa.Date),
    sa.Column("ends_on", sa.Date),
)

referral = sa.Table(
    "referral",
    metadata,
    sa.Column("referral_id", sa.Uuid, primary_key=True),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True)),
)

screening = sa.Table(
    "screening",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("snapshot_sha256", sa.Text),
    sa.Column("as_of", sa.Date),
    sa.Column("parts", sa.Integer),
    sa.Column("state", sa.Text),
    sa.Column("requested_by", sa.Text),
    sa.Column("requested_at", sa.DateTime(timezone=True)),
    sa.Column("toolbook_version", sa.Text),
    sa.Column("persons", sa.Integer),
    sa.Column("households", sa.Integer),
    sa.Column("rejected_rows", sa.Integer),
    sa.Column("undecided_households", sa.Integer),
    sa.Column("unknown_columns", ARRAY(sa.Text)),
    sa.Column("problems", ARRAY(sa.Text)),
    sa.Column("to_tell", sa.Integer),
    sa.Column("told", sa.Integer),
    sa.Column("leads", sa.Integer),
    sa.Column("reviews", sa.Integer),
    sa.Column("completed_at", sa.DateTime(timezone=True)),
)

screening_part = sa.Table(
    "screening_part",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary),
)

screening_rejection = sa.Table(
    "screening_rejection",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("row_number", sa.Integer),
    sa.Column("household_ref", sa.Text),
    sa.Column("person_ref", sa.Text),
    sa.Column("column_name", sa.Text),
    sa.Column("found", sa.Text),
    sa.Column("expected", sa.Text),
)

screening_match = sa.Table(
    "screening_match",
    metadata,
    sa.Column("screening_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("findings", JSONB),
)

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("finding_id", sa.Uuid, primary_key=True),
    sa.Column("screening_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("reason", sa.Text),
    sa.Column("found_at", sa.DateTime(timezone=True)),
    sa.Column("state", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
)
