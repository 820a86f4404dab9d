"""What an event is: a frozen pydantic class that its publisher owns, and its CloudEvents envelope.

An event carries ids, states, amounts and clause ids. It never carries a name, an identity number,
an address, an income or a health fact: who needs those asks data-sharing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

DISTRICT_KEY = "420106"
"""Key of the few events that concern the whole district, such as a new standard."""


class UnknownEventType(LookupError):
    """No contract in `shared.events` has this type."""


class Event(BaseModel):
    """One kind of event. Subclasses name their topic, type and clause in the class statement."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    type: ClassVar[str]
    clause: ClassVar[str]
    example: ClassVar[Mapping[str, Any]]

    def __init_subclass__(cls, *, topic: str, type: str, clause: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type in _CONTRACTS:
            raise TypeError(f"event type {type} is declared twice: {_CONTRACTS[type].__name__} and {cls.__name__}")
        cls.topic, cls.type, cls.clause = topic, type, clause
        _CONTRACTS[type] = cls

    @property
    def key(self) -> str:
        """The partition key: events of one key are delivered in the order they were recorded."""
        raise TypeError(
            f"{type(self).__name__} has no key: derive it from HouseholdEvent, StreetEvent or DistrictEvent"
        )

    @classmethod
    def from_example(cls) -> Self:
        """The documented example, validated."""
        return cls.model_validate(cls.example)


_CONTRACTS: dict[str, type[Event]] = {}


class HouseholdEvent(Event, topic="", type="household-event", clause=""):
    """An event of one household: its events stay in order."""

    household_id: UUID

    @property
    def key(self) -> str:
        return str(self.household_id)


class StreetEvent(Event, topic="", type="street-event", clause=""):
    """A movement that concerns a street and no household."""

    street: str

    @property
    def key(self) -> str:
        return self.street


class DistrictEvent(Event, topic="", type="district-event", clause=""):
    """Something that concerns the whole district."""

    @property
    def key(self) -> str:
        return DISTRICT_KEY


def contracts() -> Iterator[type[Event]]:
    """Every declared event, by type."""
    for _, contract in sorted(_CONTRACTS.items()):
        if contract.topic:
            yield contract


def contract_of(event_type: str) -> type[Event]:
    """The contract with that CloudEvents type. Raises UnknownEventType."""
    contract = _CONTRACTS.get(event_type)
    if contract is None or not contract.topic:
        raise UnknownEventType(f"no contract has the type {event_type!r}")
    return contract


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """CloudEvents 1.0 in structured JSON mode, with the extensions traceparent, causationid and clause."""

    event_id: UUID
    source: str
    time: datetime
    event: Event
    traceparent: str | None = None
    causation_id: UUID | None = None

    def to_json(self) -> bytes:
        """The bytes that go on the topic, the same for the same event."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.event_id),
            "source": f"/doudi/{self.source}",
            "type": self.event.type,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "clause": self.event.clause,
        }
        if self.traceparent is not None:
            document["traceparent"] = self.traceparent
        if self.causation_id is not None:
            document["causationid"] = str(self.causation_id)
        document["data"] = self.event.model_dump(mode="json")
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read one message. Raises ValueError (UnknownEventType is a LookupError) for one that is no event of ours."""
        document = json.loads(body)
        contract = contract_of(document["type"])
        causation_id = document.get("causationid")
        return cls(
            event_id=UUID(document["id"]),
            source=document["source"].removeprefix("/doudi/"),
            time=datetime.fromisoformat(document["time"]),
            event=contract.model_validate(document["data"]),
            traceparent=document.get("traceparent"),
            causation_id=UUID(causation_id) if causation_id else None,
        )
