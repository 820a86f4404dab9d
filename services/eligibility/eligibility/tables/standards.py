"""What is kept of standards: values, what assessments rested on, shadow runs, recomputations, prices."""

import sqlalchemy as sa

from eligibility.tables.schema import metadata

published_parameter = sa.Table(
    "published_parameter",
    metadata,
    sa.Column("parameter", sa.Text, primary_key=True),
    sa.Column("first_day", sa.Date, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True)),
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

calendar_edition = sa.Table(
    "calendar_edition",
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
    sa.Column("person_ref", sa.Text, primary_key=True),
    sa.Column("street", sa.Text),
    sa.Column("applicant_subject", sa.Text),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("due_on", sa.Date),
    sa.Column("recorded_at", sa.DateTime(timezone=True)),
)
