"""Whether a changed contract still serves everyone who reads the released one: additive change only.

Readers ignore fields they do not know, so a new optional field is safe. A field that goes, changes its type, gets
narrower or becomes required is not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# Words of JSON Schema that describe and do not bind.
_DESCRIPTIVE = {"title", "description", "examples", "default"}


def breaking_changes(released: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """What in `current` would break a reader or a writer of `released`; empty for an additive change."""
    return list(_object_changes(released, current, released.get("$defs", {}), current.get("$defs", {}), ""))


def _object_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], old_defs: Mapping[str, Any], new_defs: Mapping[str, Any], path: str
) -> Iterator[str]:
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name in sorted(old_fields.keys() - new_fields.keys()):
        yield f"{path}{name} was removed"
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(new_required - old_required):
        yield f"{path}{name} became required"
    for name in sorted(old_required - new_required):
        yield f"{path}{name} was always there and is optional now"
    for name in sorted(old_fields.keys() & new_fields.keys()):
        before, after = _resolved(old_fields[name], old_defs), _resolved(new_fields[name], new_defs)
        if "properties" in before and "properties" in after:
            yield from _object_changes(before, after, old_defs, new_defs, f"{path}{name}.")
        elif _meaning(before) != _meaning(after):
            yield f"{path}{name} changed from {_meaning(before)} to {_meaning(after)}"


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.rsplit("/", 1)[-1]] if reference else schema


def _meaning(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _DESCRIPTIVE}
