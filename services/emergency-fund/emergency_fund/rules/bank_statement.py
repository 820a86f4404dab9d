"""A bank statement of a street reserve's account, whatever file it came in (clause 4.3.4): what is kept of a line, and
what a statement must be to be taken at all.

Names and numbers of counterparties, and the words of a line, are personal data: of a file they are read and dropped.
What is kept of the words are the references to a grant or a transfer that stand in them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.money import format_yuan

# The whole id, with hyphens or without, or its last twelve digits as officers copy them. A number without a letter in
# it is left alone: it may be anybody's account or telephone.
_REFERENCE = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?([0-9a-f]{12})|(?=\d*[a-f])([0-9a-f]{12}))"
    r"(?![0-9a-z])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement on the account: fen in (+) or out (-)."""

    number: int
    """Of the line or entry in the file, from 1; headings count."""
    booked_on: date
    amount_fen: int
    serial: str
    """The bank's own number of the movement; empty where the bank gives none."""
    references: tuple[str, ...]
    """Ends of ids, as `reference_of` makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a statement says of itself: whose account, which days (both counted), and the balances around them."""

    account_number: str
    first_day: date
    last_day: date
    opening_fen: int
    closing_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """A statement that can be believed: its lines lie in its days and lead from the opening to the closing balance."""

    coverage: Coverage
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file."""

    place: str
    """Such as `line 7.余额`; for what concerns the whole file, `file`."""
    value: str | None
    """What was found; None for words about persons."""
    expected: str


class StatementUnreadable(ValueError):
    """A file that is no statement, with everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


def reference_of(of_id: UUID) -> str:
    """How a line names a grant or a transfer: the last twelve digits of its id."""
    return of_id.hex[-12:]


def references_in(text: str) -> tuple[str, ...]:
    """The references in the words of a line, each once, in order."""
    found = (whole or end for whole, end in _REFERENCE.findall(text))
    return tuple(dict.fromkeys(reference.lower() for reference in found))


def believe(coverage: Coverage, lines: Iterable[StatementLine]) -> BankStatement:
    """The statement, or everything that does not agree in it. Raises StatementUnreadable."""
    statement = BankStatement(coverage=coverage, lines=tuple(lines))
    faults = list(_disagreements(statement))
    if faults:
        raise StatementUnreadable(faults)
    return statement


def _disagreements(statement: BankStatement) -> Iterator[Fault]:
    coverage = statement.coverage
    if coverage.first_day > coverage.last_day:
        yield Fault("file", f"{coverage.first_day}—{coverage.last_day}", "起始日期不得晚于截止日期")
        return
    for line in statement.lines:
        if not coverage.first_day <= line.booked_on <= coverage.last_day:
            expected = f"应在对账单期间 {coverage.first_day} 至 {coverage.last_day} 之内"
            yield Fault(f"line {line.number}.交易日期", str(line.booked_on), expected)
    came_to_fen = coverage.opening_fen + sum(line.amount_fen for line in statement.lines)
    if came_to_fen != coverage.closing_fen:
        expected = f"期初余额加各笔发生额，应等于期末余额 {format_yuan(coverage.closing_fen)}"
        yield Fault("file", format_yuan(came_to_fen), expected)
