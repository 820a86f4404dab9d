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

standard = sa.Table(
    "standard",
    metadata,
    sa.Column("standard_id", sa.Uuid, primary_key=True),
    sa.Column("parameter", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("first_day", sa.Date),
    sa.Column("document_number", sa.Text),
    sa.Column("issued_on", sa.Date),
    sa.Column("note", sa.Text),
    sa.Column("is_correction", sa.Boolean),
    sa.Column("state", sa.Text),
    sa.Column("proposed_by", sa.Text),
    sa.Column("proposed_at", sa.DateTime(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.Column("comment", sa.Text),
    sa.Column("returned_by", sa.Text),
    sa.Column("returned_because", sa.Text),
)

toolbook_edition = sa.Table(
    "toolbook_edition",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("document", sa.Text),
    sa.Column("first_seen_at", sa.DateTime(timezone=True)),
)

parameter_set = sa.Table(
    "parameter_set",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("document", sa.Text),
    sa.Column("first_seen_at", sa.DateTime(timezone=True)),
)

shadow_run = sa.Table(
    "shadow_run",
    metadata,
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("standard_id", sa.Uuid),
    sa.Column("parameters_version", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("households_total", sa.Integer),
    sa.Column("households_done", sa.Integer),
    sa.Column("unreadable", sa.Integer),
    sa.Column("started_by", sa.Text),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("completed_at", sa.DateTime(timezone=True)),
)

shadow_effect = sa.Table(
    "shadow_effect",
    metadata,
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("street", sa.Text, primary_key=True),
    sa.Column("policy", sa.Text, primary_key=True),
    sa.Column("running", sa.Integer),
    sa.Column("entering", sa.Integer),
    sa.Column("leaving", sa.Integer),
    sa.Column("changing", sa.Integer),
    sa.Column("undecided", sa.Integer),
    sa.Column("just_over", sa.Integer),
    sa.Column("cost_before_fen", sa.BigInteger),
    sa.Column("cost_after_fen", sa.BigInteger),
)

recomputation = sa.Table(
    "recomputation",
    metadata,
    sa.Column("benefit_id", sa.Uuid, primary_key=True),
    sa.Column("parameters_version", sa.Text, primary_key=True),
    sa.Column("from_on", sa.Date, primary_key=True),
    sa.Column("since", sa.Date),
    sa.Column("household_id", sa.Uuid),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("old_amount_fen", sa.BigInteger),
    sa.Column("new_amount_fen", sa.BigInteger),
    sa.Column("back_pay_fen", sa.BigInteger),
    sa.Column("recomputed_at", sa.DateTime(timezone=True)),
)

price_reading = sa.Table(
    "price_reading",
    metadata,
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("cpi_rise", sa.Text),
    sa.Column("food_rise", sa.Text),
    sa.Column("published_on", sa.Date),
    sa.Column("source", sa.Text),
    sa.Column("step", sa.Text),
    sa.Column("amount_per_person_fen", sa.BigInteger),
    sa.Column("due_on", sa.Date),
    sa.Column("recorded_by", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)

price_subsidy = sa.Table(
    "price_subsidy",
    metadata,
    sa.Column("month", sa.Date, primary_key=True),
    sa.Column("household_id", sa.Uuid, primary_key=True),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("person_refs", ARRAY(sa.Text)),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("due_on", sa.Date),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)
