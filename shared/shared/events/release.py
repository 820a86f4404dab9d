"""Releases the contracts: one JSON Schema per event beside this file, and the AsyncAPI document of all topics.

`python -m shared.events.release DOCUMENT` writes both. It refuses a change that is not additive: that is a new event
type with the next version number.
"""

import json
import sys
from pathlib import Path
from typing import Any

from shared.events import DEAD_LETTER_SUFFIX, TOPICS, contracts
from shared.events.compatibility import breaking_changes
from shared.events.contract import Event

SCHEMAS = Path(__file__).parent / "schemas"


def schema_of(contract: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data, as it is released."""
    schema = contract.model_json_schema(mode="serialization")
    schema["examples"] = [contract.from_example().model_dump(mode="json")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:doudi:event:{contract.type}",
    } | schema


def released_schema(contract: type[Event]) -> dict[str, Any] | None:
    """The schema that others rely on, or None for an event that was never released."""
    file = SCHEMAS / f"{contract.type}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3: every topic, who publishes on it, and every message."""
    messages = {contract.type: _message(contract) for contract in contracts()}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        names = [contract.type for contract in contracts() if contract.topic == topic]
        channels[topic] = {
            "address": topic,
            "description": f"Dead letters go to {topic}{DEAD_LETTER_SUFFIX}. Key: household id, street or district.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        }
        operations[f"publish-{topic}"] = {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doudi events",
            "version": "1",
            "description": "CloudEvents 1.0 in structured JSON mode. No personal data.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _message(contract: type[Event]) -> dict[str, Any]:
    return {
        "name": contract.type,
        "title": contract.__name__,
        "summary": (contract.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/cloudevents+json",
        "tags": [{"name": f"clause {contract.clause}"}],
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "time", "clause", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "format": "uuid"},
                "source": {"type": "string"},
                "type": {"const": contract.type},
                "time": {"type": "string", "format": "date-time"},
                "clause": {"const": contract.clause},
                "traceparent": {"type": "string"},
                "causationid": {"type": "string", "format": "uuid"},
                "data": schema_of(contract),
            },
        },
    }


def main(document: Path) -> int:
    """Write schemas and document. Returns 1, and writes nothing, where a change would break a reader."""
    broken = {
        contract.type: changes
        for contract in contracts()
        if (released := released_schema(contract)) is not None
        and (changes := breaking_changes(released, schema_of(contract)))
    }
    for event_type, changes in broken.items():
        sys.stderr.write(f"{event_type}: {'; '.join(changes)}. Declare the next version beside it instead.\n")
    if broken:
        return 1
    SCHEMAS.mkdir(exist_ok=True)
    for contract in contracts():
        _write(SCHEMAS / f"{contract.type}.json", schema_of(contract))
    _write(document, asyncapi())
    return 0


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
