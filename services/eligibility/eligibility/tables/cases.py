"""What is kept of a case: the application, its assessments and decisions, and what was handed to departments."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from eligibility.tables.schema import metadata

application = sa.Table(
    "application",
    metadata,
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("requested", ARRAY(sa.Text)),
    sa.Column("accepted_on", sa.Date),
    sa.Column("decide_by", sa.Date),
    sa.Column("overdue_at", sa.DateTime(timezone=True)),
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
    sa.Column("parameters_version", sa.Text),
    sa.Column("calendar_version", sa.Text),
    sa.Column("assessed_at", sa.DateTime(timezone=True)),
    sa.Column("household_change_id", sa.Uuid),
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
    sa.Column("resolution_number", sa.Text),
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
