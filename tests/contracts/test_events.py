"""Events are an interface: released schemas change by addition only, and no event describes a person."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.events import TOPICS, Envelope, UnknownEventType, contract_of, contracts
from shared.events.compatibility import breaking_changes
from shared.events.contract import Event
from shared.events.release import asyncapi, released_schema, schema_of
from shared.ids import new_id

ROOT = Path(__file__).parents[2]
ALL = list(contracts())
# Words that would stand in a field about a person.
PERSONAL = ("name", "identity", "address", "phone", "income", "birth", "diagnos", "illness", "bank")


@pytest.fixture(params=ALL, ids=lambda contract: contract.type)
def contract(request: pytest.FixtureRequest) -> type[Event]:
    """Every contract."""
    found: type[Event] = request.param
    return found


def test_a_contract_changes_by_addition_only(contract: type[Event]) -> None:
    released = released_schema(contract)
    assert released is not None, "never released: run python -m shared.events.release docs/asyncapi.json"
    assert breaking_changes(released, schema_of(contract)) == []


def test_a_contract_is_released_as_it_stands(contract: type[Event]) -> None:
    assert released_schema(contract) == schema_of(contract)


def test_an_event_survives_its_envelope(contract: type[Event]) -> None:
    envelope = Envelope(
        event_id=new_id(),
        source="somewhere",
        time=datetime(2022, 10, 10, 1, 2, 3, tzinfo=UTC),
        event=contract.from_example(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        causation_id=new_id(),
    )
    assert Envelope.from_json(envelope.to_json()) == envelope


def test_an_event_is_published_on_a_known_topic_under_its_publishers_name(contract: type[Event]) -> None:
    publisher = contract.__module__.split(".")[2].replace("_", "-")
    assert contract.topic in TOPICS
    assert contract.type.startswith(f"{publisher}.")


@pytest.mark.clause("12.1.2")
def test_no_field_of_an_event_describes_a_person(contract: type[Event]) -> None:
    assert [field for field in contract.model_fields if any(word in field for word in PERSONAL)] == []


def test_an_event_carries_a_clause_of_the_register(contract: type[Event]) -> None:
    register = (ROOT / "docs/clauses.yaml").read_text(encoding="utf-8")
    assert f'id: "{contract.clause}"' in register


def test_a_reader_ignores_what_a_newer_writer_added() -> None:
    envelope = Envelope(event_id=new_id(), source="x", time=datetime.now(UTC), event=ALL[0].from_example())
    document = json.loads(envelope.to_json())
    document["data"]["added_later"] = 1
    document["extension"] = "unknown"
    assert Envelope.from_json(json.dumps(document).encode()) == envelope


def test_an_unknown_type_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownEventType, match=r"nobody\.knows\.v1"):
        contract_of("nobody.knows.v1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda schema: schema["properties"].pop("street"), "street was removed"),
        (lambda schema: schema["required"].append("new"), "new became required"),
        (lambda schema: schema["required"].remove("street"), "street was always there and is optional now"),
        (lambda schema: schema["properties"]["street"].update(type="integer"), "street changed from"),
        (lambda schema: schema["properties"]["street"].update(maxLength=3), "street changed from"),
    ],
    ids=["removed", "new required field", "no longer required", "other type", "narrower"],
)
def test_a_breaking_change_is_found(change, said: str) -> None:  # type: ignore[no-untyped-def]  # any callable
    released = schema_of(contract_of("intake.application-submitted.v1"))
    current = copy.deepcopy(released)
    change(current)
    assert any(found.startswith(said) for found in breaking_changes(released, current))


def test_a_new_optional_field_is_no_breaking_change() -> None:
    released = schema_of(contract_of("intake.application-submitted.v1"))
    current = copy.deepcopy(released)
    current["properties"]["district"] = {"type": "string"}
    current["properties"]["street"]["description"] = "said better"
    assert breaking_changes(released, current) == []


def test_the_asyncapi_document_is_current() -> None:
    document = json.loads((ROOT / "docs/asyncapi.json").read_text(encoding="utf-8"))
    assert document == json.loads(json.dumps(asyncapi()))
    assert set(document["channels"]) == set(TOPICS)
