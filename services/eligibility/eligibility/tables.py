"""What eligibility keeps. The migrations hold the constraints and the row-level security."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

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
    sa.Column("state", sa.Text),
    sa.Column("grace_since", sa.Date),
    sa.Column("reviewed_on", sa.Date),
    sa.Column("review_due_on", sa.Date),
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

calendar_correction = sa.Table(
    "calendar_correction",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("is_working", sa.Boolean),
    sa.Column("reason", sa.Text),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

complaint = sa.Table(
    "complaint",
    metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("ground", sa.Text),
    sa.Column("is_real_name", sa.Boolean),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
    sa.Column("answer", sa.Text),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
)

recusal = sa.Table(
    "recusal",
    metadata,
    sa.Column("household_id", sa.Uuid, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

resolution = sa.Table(
    "resolution",
    metadata,
    sa.Column("resolution_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text),
    sa.Column("held_on", sa.Date),
    sa.Column("application_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("members_present", ARRAY(sa.Text)),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

household_change = sa.Table(
    "household_change",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("application_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("happened_on", sa.Date),
    sa.Column("person_ref", sa.Text),
    sa.Column("relation", sa.Text),
    sa.Column("monthly_wage", sa.Text),
    sa.Column("new_street", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("is_late", sa.Boolean),
    sa.Column("state", sa.Text),
    sa.Column("reported_by", sa.Text),
    sa.Column("reported_at", sa.DateTime(timezone=True)),
)

benefit_amount = sa.Table(
    "benefit_amount",
    metadata,
    sa.Column("entry", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("benefit_id", sa.Uuid),
    sa.Column("from_on", sa.Date),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("old_amount_fen", sa.BigInteger),
    sa.Column("back_pay_fen", sa.BigInteger),
    sa.Column("cause", sa.Text),
    sa.Column("document", sa.Text),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

benefit_change = sa.Table(
    "benefit_change",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("benefit_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("cause", sa.Text),
    sa.Column("from_on", sa.Date),
    sa.Column("until_on", sa.Date),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("reason", sa.Text),
    sa.Column("extension_reason", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("proposed_by", sa.Text),
    sa.Column("proposed_at", sa.DateTime(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.Column("returned_because", sa.Text),
)

hearing = sa.Table(
    "hearing",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("notice_given_on", sa.Date),
    sa.Column("respond_by", sa.Date),
    sa.Column("opened_by", sa.Text),
    sa.Column("heard_on", sa.Date),
    sa.Column("statement", sa.Text),
    sa.Column("recorded_by", sa.Text),
)

suggestion = sa.Table(
    "suggestion",
    metadata,
    sa.Column("suggestion_id", sa.Uuid, primary_key=True),
    sa.Column("assessment_id", sa.Uuid),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("benefit_id", sa.Uuid),
    sa.Column("from_on", sa.Date),
    sa.Column("until_on", sa.Date),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("reason", sa.Text),
    sa.Column("state", sa.Text),
)

register_entry = sa.Table(
    "register_entry",
    metadata,
    sa.Column("entry_id", sa.Uuid, primary_key=True),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("tier", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("since", sa.Date),
    sa.Column("until", sa.Date),
    sa.Column("cause", sa.Text),
    sa.Column("cause_id", sa.Uuid),
    sa.Column("ended_cause", sa.Text),
    sa.Column("ended_cause_id", sa.Uuid),
)
