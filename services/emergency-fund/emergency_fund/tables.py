"""What emergency-fund keeps. What must hold of it is held by the database itself: see the first migration."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from emergency_fund.rules.ledger import Account

metadata = MetaData()


def _instant(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


reserve = Table(
    "reserve",
    metadata,
    Column("street", Text, primary_key=True),
    Column("float_fen", BigInteger),
    _instant("open_from"),
)

transfer = Table(
    "transfer",
    metadata,
    Column("street", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("transfer_id", Uuid),
    Column("kind", Text),
    Column("cause_id", Uuid),
    Column("actor", Text),
    _instant("posted_at"),
    *(Column(f"{account}_fen", BigInteger) for account in Account),
    *(Column(f"{account}_after_fen", BigInteger) for account in Account),
    Column("float_fen", BigInteger),
    Column("corrects", Uuid),
)

grant_transfer = Table(
    "grant_transfer",  # a view: every transfer of a grant, those of its stages and its corrections included
    metadata,
    Column("grant_id", Uuid),
    *(Column(column.name, column.type) for column in transfer.columns),
)

standard = Table(
    "standard",
    metadata,
    Column("first_day", Date, primary_key=True),
    Column("amount_fen", BigInteger),
    Column("source", Text),
    Column("assumed", Boolean),
)

held_papers = Table(
    "held_papers",
    metadata,
    Column("announced_at", DateTime(timezone=True), primary_key=True),
    Column("held", ARRAY(Text)),
)

declared_emergency = Table(
    "declared_emergency",
    metadata,
    Column("emergency_id", Uuid, primary_key=True),
    Column("title", Text),
    Column("document_number", Text),
    Column("streets", ARRAY(Text)),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("limit_multiple", Integer),
    Column("declared_by", Text),
    _instant("declared_at"),
    Column("confirmed_by", Text),
    _instant("confirmed_at"),
    Column("ended_on", Date),
    Column("ended_by", Text),
    Column("end_reason", Text),
)

recusal = Table(
    "recusal", metadata, Column("household_id", Uuid, primary_key=True), Column("subject", Text, primary_key=True)
)

joined_household = Table(
    "joined_household", metadata, Column("household_id", Uuid, primary_key=True), Column("joined_to", Uuid)
)

emergency_grant = Table(
    "emergency_grant",
    metadata,
    Column("grant_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("household_id", Uuid),
    Column("homeless_person_id", Uuid),
    Column("cause", Text),
    Column("occurred_on", Date),
    Column("place", Text),
    Column("separate_because", Text),
    Column("amount_fen", BigInteger),
    Column("member_refs", ARRAY(Text)),
    Column("payment_method", Text),
    Column("payee_ref", Text),
    Column("papers_present", ARRAY(Text)),
    Column("papers_missing", JSONB),
    Column("standard_fen", BigInteger),
    Column("limit_fen", BigInteger),
    Column("counted_fen", BigInteger),
    Column("emergency_id", Uuid),
    Column("approve_by", Date),
    Column("small_fen", BigInteger),
    Column("state", Text),
    Column("requested_by", Text),
    _instant("requested_at"),
    Column("approved_by", Text),
    _instant("approved_at"),
    Column("refused_by", Text),
    _instant("refused_at"),
    Column("refusal_code", Text),
    Column("refusal_reason", Text),
    Column("refusal_route", Text),
    Column("paid_by", Text),
    _instant("paid_at"),
    Column("transfer_id", Uuid),
    _instant("closed_at"),
)

paper_debt = Table(
    "paper_debt",
    metadata,
    Column("debt_id", Uuid, primary_key=True),
    Column("grant_id", Uuid),
    Column("street", Text),
    Column("paper", Text),
    Column("kind", Text),
    Column("owner", Text),
    Column("due_on", Date),
    _instant("overdue_at"),
    Column("outcome", Text),
    Column("waived_reason", Text),
    Column("settled_by", Text),
    _instant("settled_at"),
)

replenishment = Table(
    "replenishment",
    metadata,
    Column("replenishment_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("asked_fen", BigInteger),
    Column("state", Text),
    _instant("requested_at"),
    Column("answered_fen", BigInteger),
    _instant("answered_at"),
    Column("transfer_id", Uuid),
)

reserve_account = Table(
    "reserve_account",
    metadata,
    Column("street", Text, primary_key=True),
    Column("account_number", Text),
    Column("since", Date),
    Column("registered_by", Text),
    _instant("registered_at"),
)

bank_statement = Table(
    "bank_statement",
    metadata,
    Column("statement_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("account_number", Text),
    Column("format", Text),
    Column("content_sha256", LargeBinary),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("opening_fen", BigInteger),
    Column("closing_fen", BigInteger),
    Column("line_count", BigInteger),
    Column("matched_at_import", BigInteger),
    Column("missing_days_before", BigInteger),
    Column("imported_by", Text),
    _instant("imported_at"),
)

bank_line = Table(
    "bank_line",
    metadata,
    Column("line_id", Uuid, primary_key=True),
    Column("statement_id", Uuid),
    Column("street", Text),
    Column("number", BigInteger),
    Column("booked_on", Date),
    Column("amount_fen", BigInteger),
    Column("serial", Text),
    Column("refs", ARRAY(Text)),
)

bank_match = Table(
    "bank_match",
    metadata,
    Column("match_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("line_id", Uuid),
    Column("basis", Text),
    Column("made_by", Text),
    Column("reason", Text),
    _instant("made_at"),
    Column("ended_by", Text),
    Column("ended_reason", Text),
    _instant("ended_at"),
)

bank_match_transfer = Table(
    "bank_match_transfer",
    metadata,
    Column("match_id", Uuid, primary_key=True),
    Column("transfer_id", Uuid, primary_key=True),
    Column("street", Text),
    _instant("ended_at"),
)

bank_difference = Table(
    "bank_difference",
    metadata,
    Column("difference_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("line_id", Uuid),
    Column("transfer_id", Uuid),
    Column("amount_fen", BigInteger),
    Column("occurred_on", Date),
    _instant("found_at"),
    _instant("resolved_at"),
)

correction = Table(
    "correction",
    metadata,
    Column("correction_id", Uuid, primary_key=True),
    Column("grant_id", Uuid),
    Column("street", Text),
    Column("kind", Text),
    Column("corrects", Uuid),
    Column("amount_fen", BigInteger),
    Column("reason", Text),
    Column("state", Text),
    Column("proposed_by", Text),
    _instant("proposed_at"),
    Column("decided_by", Text),
    _instant("decided_at"),
    Column("decision_reason", Text),
    Column("transfer_id", Uuid),
)

fiscal_closing = Table(
    "fiscal_closing",
    metadata,
    Column("street", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last_version", BigInteger),
    Column("document", Text),
    Column("sha256", Text),
    Column("previous_sha256", Text),
    Column("closed_by", Text),
    _instant("closed_at"),
)

grant_plan = Table(
    "grant_plan",
    metadata,
    Column("grant_id", Uuid, primary_key=True),
    Column("street", Text),
    Column("stopped_by", Text),
    _instant("stopped_at"),
    Column("stop_reason", Text),
)

grant_stage = Table(
    "grant_stage",
    metadata,
    Column("stage_id", Uuid, primary_key=True),
    Column("grant_id", Uuid),
    Column("street", Text),
    Column("number", SmallInteger),
    Column("amount_fen", BigInteger),
    Column("planned_on", Date),
    Column("condition_kind", Text),
    Column("condition", Text),
    Column("condition_paper", Text),
    Column("state", Text),
    _instant("due_at"),
    _instant("overdue_at"),
    Column("met_by", Text),
    _instant("met_at"),
    Column("met_note", Text),
    Column("paid_by", Text),
    _instant("paid_at"),
    Column("transfer_id", Uuid),
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("follow_up_id", Uuid, primary_key=True),
    Column("grant_id", Uuid),
    Column("street", Text),
    Column("round", SmallInteger),
    Column("owner", Text),
    Column("due_on", Date),
    _instant("opened_at"),
    _instant("overdue_at"),
    Column("outcome", Text),
    Column("contact", Text),
    Column("route", Text),
    Column("note", Text),
    Column("completed_by", Text),
    _instant("completed_at"),
)
