"""Where a verified fact stands in the household contract, how it is read there, replaced, and made unknown.

An absent key was declared as nothing, a null is unknown. Nothing here knows departments or answers.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.money import FEN_PER_YUAN, format_yuan, parse_yuan

Container = dict[str, Any]

MEMBER_KEYS = frozenset(
    {
        "id", "relation", "birth_date", "sex", "registration", "living_here_since", "residence_permit", "employment",
        "income", "disability", "diagnoses", "serious_illness", "diagnosed_on", "self_care_failed", "lives_alone",
        "school", "father", "mother", "obligors",
    }
)  # fmt: skip
HOUSEHOLD_KEYS = frozenset(
    {
        "street", "members", "assets", "rigid_spending_12m", "receiving", "incident", "requested_amount",
        "near_relatives_in_office",
    }
)  # fmt: skip
_KINDS = {
    "income": (
        "wage", "business", "property", "pension", "central_base_pension", "unemployment_benefit", "support_received",
        "assistance", "other",
    ),
    "rigid_spending_12m": ("medical", "education", "rehabilitation", "basic_living", "other"),
}  # fmt: skip
_ASSETS = ("financial", "vehicles", "homes")


def facts_only(household: Mapping[str, Any]) -> Container:
    """The keys of the contract and nothing else: no name, no number, no free text."""
    facts = {key: value for key, value in household.items() if key in HOUSEHOLD_KEYS}
    facts["members"] = [
        {key: value for key, value in member.items() if key in MEMBER_KEYS} for member in household["members"]
    ]
    return facts


class Target(ABC):
    """One place in the contract. `container` is a member for member facts, else the household.

    `found` maps part names to values; a fact without parts has the one part "".
    """

    @abstractmethod
    def declared(self, container: Container) -> Any:
        """What was declared, for showing beside what was found; None for unknown."""

    @abstractmethod
    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        """Whether what was found is not what was declared. Nobody is held to what was declared as unknown."""

    @abstractmethod
    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        """Put what was found in the place of what was declared."""

    @abstractmethod
    def forget(self, container: Container) -> None:
        """Make the fact unknown."""

    def combine(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """What several persons' records say together."""
        assert len(records) == 1, "a fact of one member has one record"
        return records[0]


@dataclass(frozen=True)
class Value(Target):
    """A plain value of a member, such as the birth date."""

    key: str

    def declared(self, container: Container) -> Any:
        return container.get(self.key)

    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        if self.key in container and container[self.key] is None:
            return False
        return bool(container.get(self.key) != found[""])

    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        container[self.key] = found[""]

    def forget(self, container: Container) -> None:
        container[self.key] = None


@dataclass(frozen=True)
class Parts(Target):
    """An object of a member whose parts are fields, such as employment."""

    key: str

    def declared(self, container: Container) -> Any:
        return container.get(self.key)

    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        if self.key not in container:
            return True
        declared = container[self.key] or {}
        # A part that was not declared is supplemented, which contradicts nobody.
        return any(declared.get(part) not in (None, value) for part, value in found.items())

    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        container[self.key] = {**(container.get(self.key) or {}), **found}

    def forget(self, container: Container) -> None:
        container[self.key] = None


@dataclass(frozen=True)
class Amount(Target):
    """The amount of one kind in a list such as income; the amounts of several persons add up."""

    key: str
    kind: str
    amount_key: str

    def _entries(self, container: Container) -> list[Any] | None:
        entries = container.get(self.key, [])
        return None if entries is None else [entry for entry in entries if entry.get("kind") == self.kind]

    def declared(self, container: Container) -> Any:
        entries = self._entries(container)
        if entries is None or any(entry.get(self.amount_key) is None for entry in entries):
            return None
        return format_yuan(sum(parse_yuan(entry[self.amount_key]) for entry in entries))

    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        declared = self.declared(container)
        return declared is not None and parse_yuan(declared) != parse_yuan(found[""])

    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        if parse_yuan(found[""]) or self._entries(container) != []:
            self._put(container, found[""])

    def forget(self, container: Container) -> None:
        self._put(container, None)

    def combine(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        return {"": format_yuan(sum(parse_yuan(record[""]) for record in records))}

    def _put(self, container: Container, amount: str | None) -> None:
        entries = container.get(self.key, [])
        if entries is None:  # everything was unknown: the other kinds stay so, one by one
            entries = [{"kind": kind, self.amount_key: None} for kind in _KINDS[self.key]]
        kept = [entry for entry in entries if entry.get("kind") != self.kind]
        container[self.key] = [*kept, {"kind": self.kind, self.amount_key: amount}]


@dataclass(frozen=True)
class Asset(Target):
    """Something the household owns: what its persons own together."""

    key: str

    def declared(self, container: Container) -> Any:
        assets = container.get("assets", {})
        return None if assets is None else assets.get(self.key, self._nothing)

    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        declared = self.declared(container)
        return declared is not None and _comparable(declared) != _comparable(found[""])

    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        self._put(container, found[""])

    def forget(self, container: Container) -> None:
        self._put(container, None)

    def combine(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        total = self._nothing
        for record in records:
            total = total + record[""]
        return {"": total}

    @property
    def _nothing(self) -> Any:
        return 0 if self.key == "homes" else []

    def _put(self, container: Container, value: Any) -> None:
        assets = container.get("assets", {})
        if assets is None:
            assets = dict.fromkeys(_ASSETS)
        container["assets"] = {**assets, self.key: value}


@dataclass(frozen=True)
class Benefits(Target):
    """The benefits that run already, of all persons."""

    key: str = "receiving"

    def declared(self, container: Container) -> Any:
        return container.get(self.key, [])

    def differs(self, container: Container, found: Mapping[str, Any]) -> bool:
        declared = self.declared(container)
        return declared is not None and _comparable(declared) != _comparable(found[""])

    def replace(self, container: Container, found: Mapping[str, Any]) -> None:
        # A register may not know how a benefit is shared out: what was declared of the same benefit is kept.
        declared = {entry["policy"]: entry for entry in self.declared(container) or []}
        container[self.key] = [
            {**declared.get(entry["policy"], {}), **{key: value for key, value in entry.items() if value is not None}}
            for entry in found[""]
        ]

    def forget(self, container: Container) -> None:
        container[self.key] = None

    def combine(self, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        return {"": [entry for record in records for entry in record[""]]}


def _comparable(value: Any) -> Any:
    """Amounts as fen and lists without an order, so that "100" is "100.00". Unknown amounts sort first."""
    if not isinstance(value, list):
        return value
    return sorted(
        (str(entry.get("policy", "")), _fen(entry.get("monthly_amount", entry.get("value")))) for entry in value
    )


def _fen(amount: str | None) -> int:
    return -FEN_PER_YUAN if amount is None else parse_yuan(amount)


def target_of(verifies: str) -> tuple[str, bool, Target, str]:
    """Path of the fact, whether each member has one, where it stands, and which part of it: from `Field.verifies`."""
    head, _, rest = verifies.partition(".")
    if head != "members":
        if head == "assets":
            return verifies, False, Asset(rest), ""
        if head == "rigid_spending_12m":
            return verifies, False, Amount(head, rest, "amount"), ""
        return verifies, False, Benefits(head), ""
    key, _, part = rest.partition(".")
    if key == "income":
        return rest, True, Amount(key, part, "monthly"), ""
    return (key, True, Parts(key), part) if part else (key, True, Value(key), "")
