"""A grant as a test keeps it: what the service said of it last, and what became of its money, counted independently."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.clock import local_date
from shared.money import parse_yuan

SAME_INCIDENT_DAYS = 30


@dataclass
class Case:
    """A grant as the last answer told it, and what became of its money."""

    view: dict[str, Any]
    is_refused: bool = False
    left_fen: dict[str, int] = field(default_factory=dict)
    """Of each payment, what is neither back nor asked back."""
    claims_fen: dict[str, int] = field(default_factory=dict)
    """Of each claim, what is still asked back."""
    written_off_fen: int = 0

    @property
    def grant_id(self) -> str:
        return str(self.view["grant_id"])

    @property
    def street(self) -> str:
        return str(self.view["street"])

    @property
    def asked_on(self) -> date:
        """The day on which it was asked for, in Wuhan."""
        return local_date(datetime.fromisoformat(self.view["requested_at"]))

    @property
    def stages(self) -> list[dict[str, Any]]:
        return self.view["plan"]["stages"] if self.view["plan"] else []

    @property
    def open_debts(self) -> list[int]:
        """Which of its papers are owed."""
        return [number for number, debt in enumerate(self.view["debts"]) if debt["outcome"] is None]

    @property
    def is_running(self) -> bool:
        """Whether a stage is paid and another one is to come."""
        return bool(self.left_fen) and any(stage["state"] in {"planned", "met"} for stage in self.stages)

    @property
    def state(self) -> str:
        """Where the grant must be, by what was decided and by its money."""
        if not self.left_fen:
            approved = "approved" if self.view["approved_by"] else "requested"
            return "refused" if self.is_refused else approved
        if self.is_running:
            return "in_stages"
        is_gone = not any(self.left_fen.values()) and not self.claims_fen
        if is_gone:
            return "closed" if self.written_off_fen else "returned"
        claimed = "recovering" if self.claims_fen else "closed"
        return "paid" if self.open_debts else claimed

    @property
    def advance_fen(self) -> int:
        """What of its money waits for papers."""
        return sum(self.left_fen.values()) if self.open_debts else 0

    @property
    def counted_fen(self) -> int:
        """What of it counts against the limit of its household: nothing that was refused, returned or stopped."""
        if self.state in {"refused", "returned"}:
            return 0
        stopped_fen = sum(parse_yuan(stage["amount"]) for stage in self.stages if stage["state"] == "stopped")
        return parse_yuan(self.view["amount"]) - stopped_fen


def counted_fen(cases: Iterable[Case], *, household_id: str, incident: dict[str, Any], asked_on: date) -> int:
    """What a household has from these cases for the same incident, in policy words: it happened, or was asked for,
    within 30 days, whatever it was called; of a separate one, as it is said, on the same day or for the same cause.
    """

    def is_same(case: Case) -> bool:
        other = case.view["incident"]
        apart = abs((date.fromisoformat(other["on"]) - date.fromisoformat(incident["on"])).days)
        is_named_alike = apart == 0 or other["cause"] == incident["cause"]
        is_near = min(apart, (asked_on - case.asked_on).days) <= SAME_INCIDENT_DAYS
        return is_near and (incident.get("separate_because") is None or is_named_alike)

    of_household = (case for case in cases if case.view.get("household_id") == household_id)
    return sum(case.counted_fen for case in of_household if is_same(case))
