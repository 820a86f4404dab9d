"""What is kept of benefits in payment, of changes in families, and of the register of needy households."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from eligibility.tables.schema import metadata

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
    sa.Column("review_opened_on", sa.Date),
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
