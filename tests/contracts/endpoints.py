"""The endpoints of an application as it declares them: path, method, roles, example body. Nothing is listed by hand."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from shared.auth import Role, RoleGate
from shared.ids import new_id

SAMPLE_UUID = "01930000-0000-7000-8000-00000000ffff"
"""An id that nothing has."""
_IDEMPOTENCY_KEY = "idempotency-key"
_READING_METHODS = {"GET", "HEAD"}


@dataclass(frozen=True)
class Endpoint:
    """One operation under /v1."""

    method: str
    path: str
    gates: tuple[frozenset[Role], ...]
    """The roles of each RoleGate among its dependencies; the caller must pass them all."""
    operation: Mapping[str, Any]
    """What the OpenAPI document says of it, without references."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def roles(self) -> frozenset[Role]:
        """Who may call it."""
        return frozenset.intersection(*self.gates)

    @property
    def writes(self) -> bool:
        """Whether a call may change something."""
        return self.method not in _READING_METHODS

    @property
    def has_body(self) -> bool:
        """Whether it reads a body."""
        return "requestBody" in self.operation

    @property
    def body(self) -> Any:
        """The first documented example of its body."""
        (media,) = self.operation["requestBody"]["content"].values()
        return examples_of(media["schema"])[0]

    def body_about(self, ids: Mapping[str, str]) -> Any:
        """The example with `ids` in place of its own, wherever a field has that name."""
        return _about(self.body, ids)

    def target(self, ids: Mapping[str, str] | None = None) -> str:
        """Path and query with `ids` by parameter name, else with documented examples."""
        ids = ids or {}
        path, query = self.path, []
        for parameter in self.operation.get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", str(ids.get(name) or sample(parameter)))
            elif parameter["in"] == "query" and (parameter.get("required") or name in ids):
                query.append(f"{name}={ids.get(name) or sample(parameter)}")
        return path + ("?" + "&".join(query) if query else "")

    def headers(self) -> dict[str, str]:
        """Headers that it asks for, besides the token."""
        names = {parameter["name"].lower() for parameter in self.operation.get("parameters", ())}
        return {"Idempotency-Key": str(new_id())} if _IDEMPOTENCY_KEY in names else {}


def endpoints_of(app: FastAPI) -> list[Endpoint]:
    """Every operation under /v1, those of included routers too, also what the OpenAPI document leaves out."""
    document = app.openapi()
    found = []
    for route in iter_route_contexts(app.routes):
        if route.path is None or not route.path.startswith("/v1"):
            continue
        for method in sorted(route.methods or ()):
            operation = document["paths"].get(route.path_format, {}).get(method.lower(), {})
            found.append(Endpoint(method, route.path, tuple(_gates(route.dependant)), _resolved(operation, document)))
    return found


def sample(parameter: Mapping[str, Any]) -> Any:
    """A value for a parameter: its example, or one of its type."""
    schema = parameter["schema"]
    if "example" in parameter or "examples" in parameter or "examples" in schema:
        examples = examples_of({**schema, **({"examples": parameter["examples"]} if "examples" in parameter else {})})
        return parameter.get("example", examples[0])
    by_format = {"uuid": SAMPLE_UUID, "date": "2022-10-10"}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": schema.get("minimum", 1), "boolean": "true"}.get(schema.get("type", "string"), "sample")


def examples_of(schema: Mapping[str, Any]) -> list[Any]:
    """The examples of a schema."""
    examples = schema.get("examples", [])
    if isinstance(examples, Mapping):
        return [example["value"] for example in examples.values()]
    return list(examples)


def _about(node: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_about(item, ids) for item in node]
    if isinstance(node, Mapping):
        return {
            key: ids[key] if key in ids and isinstance(value, str) else _about(value, ids)
            for key, value in node.items()
        }
    return node


def _gates(dependant: Dependant) -> Iterator[frozenset[Role]]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, RoleGate):
            yield dependency.call.roles
        yield from _gates(dependency)


def _resolved(node: Any, document: Mapping[str, Any], depth: int = 0) -> Any:
    """The node with its references followed, as deep as parameters and bodies need."""
    if isinstance(node, list):
        return [_resolved(item, document, depth) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node and depth < 2:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _resolved(json.loads(json.dumps(target)), document, depth + 1) | {
            key: value for key, value in node.items() if key != "$ref"
        }
    return {key: _resolved(value, document, depth) for key, value in node.items()}
