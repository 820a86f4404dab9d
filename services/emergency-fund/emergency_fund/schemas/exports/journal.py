"""A plain-text journal that Beancount reads. Each day with transfers, and the whole, ends in assertions of the balances
that the ledger itself recorded, to the fen: a journal in which anything was changed does not pass `bean-check`.
"""

from datetime import date, timedelta

from emergency_fund.rules.ledger import Account, Amounts
from emergency_fund.rules.periods import Days
from emergency_fund.rules.postings import Posting, Stretch
from emergency_fund.schemas.exports.columns import KIND_WORDS
from shared.clock import DISTRICT_TIMEZONE, local_date
from shared.money import format_yuan

CURRENCY = "CNY"
_NAMES = {
    Account.CASH: "Assets:Street:S{street}:Cash",
    Account.ADVANCES: "Assets:Street:S{street}:Advances",
    Account.DOCUMENTED: "Assets:Street:S{street}:Documented",
    Account.DUE_FROM_FINANCE: "Assets:Street:S{street}:DueFromFinance",
    Account.RECOVERABLE: "Assets:Street:S{street}:Recoverable",
    # The district's accounts by street: Beancount adds up what stands below a name.
    Account.FINANCE: "Equity:District:Finance:S{street}",
    Account.REFILLED_EXPENSE: "Expenses:District:RefilledExpense:S{street}",
    Account.WRITTEN_OFF: "Expenses:District:WrittenOff:S{street}",
}


def account_name(street: str, account: Account) -> str:
    """The name of an account of a street, or of what an account of the district has for it."""
    return _NAMES[account].format(street=street)


def head(days: Days) -> str:
    """What stands above the streets."""
    return (
        f'option "title" "武昌区街道临时救助备用金 {days.first} 至 {days.last}"\n'
        f'option "operating_currency" "{CURRENCY}"\n'
    )


class StreetJournal:
    """The part of a street, from its opening to its closing balance."""

    def __init__(self, stretch: Stretch, days: Days) -> None:
        self._stretch = stretch
        self._days = days
        self._opened: set[Account] = set()
        self._last: Posting | None = None

    def begin(self) -> str:
        """The balances that the street brings with it."""
        if self._stretch.opening == Amounts():
            return ""
        words = f'\n{self._days.first} * "期初余额"\n  street: {_quoted(self._stretch.street)}\n'
        return self._open(self._stretch.opening, self._days.first) + words + self._legs(self._stretch.opening)

    def add(self, posting: Posting) -> str:
        """The next transfer; before it the balances of the day that it ends."""
        day = local_date(posting.posted_at)
        ended = ""
        if self._last is not None and (last_day := local_date(self._last.posted_at)) < day:
            ended = self._assert(self._last.after, last_day)
        self._last = posting
        return ended + self._open(posting.moved, day) + self._transaction(posting, day)

    def end(self) -> str:
        """The balances at the end of the days."""
        return self._assert(self._stretch.closing, self._days.last)

    def _open(self, amounts: Amounts, day: date) -> str:
        new = [account for account in Account if getattr(amounts, account) != 0 and account not in self._opened]
        self._opened.update(new)
        lines = [f"{day} open {self._name(account)} {CURRENCY}\n" for account in new]
        return "\n" + "".join(lines) if lines else ""

    def _transaction(self, posting: Posting, day: date) -> str:
        link = f" ^{posting.cause_id}" if posting.cause_id else ""
        facts = {
            "transfer": _quoted(str(posting.transfer_id)),
            "street": _quoted(posting.street),
            "version": str(posting.version),
            "kind": _quoted(posting.kind),
            "cause": _quoted(str(posting.cause_id)) if posting.cause_id else None,
            "corrects": _quoted(str(posting.corrects)) if posting.corrects else None,
            "actor": _quoted(posting.actor),
            "posted_at": _quoted(posting.posted_at.astimezone(DISTRICT_TIMEZONE).isoformat()),
        }
        metadata = "".join(f"  {key}: {value}\n" for key, value in facts.items() if value is not None)
        return f"\n{day} * {_quoted(KIND_WORDS[posting.kind])}{link}\n{metadata}{self._legs(posting.moved)}"

    def _legs(self, amounts: Amounts) -> str:
        return "".join(
            f"  {self._name(account)}  {format_yuan(amount_fen)} {CURRENCY}\n"
            for account in Account
            if (amount_fen := getattr(amounts, account)) != 0
        )

    def _assert(self, balances: Amounts, day: date) -> str:
        # Beancount asserts at the beginning of a day, and by itself would let a difference of one fen pass.
        after = day + timedelta(days=1)
        return "\n" + "".join(
            f"{after} balance {self._name(account)}  {format_yuan(getattr(balances, account))} ~ 0.00 {CURRENCY}\n"
            for account in Account
            if account in self._opened
        )

    def _name(self, account: Account) -> str:
        return account_name(self._stretch.street, account)


def _quoted(text: str) -> str:
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
