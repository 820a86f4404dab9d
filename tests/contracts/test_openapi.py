"""The OpenAPI documents are valid, complete and true: schemathesis calls every operation with what they allow and with
what they forbid.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks
from tests.contracts.conftest import Opener, connected
from tests.contracts.endpoints import Endpoint, examples_of
from tests.contracts.record import OnRecord, put_on_record
from tests.contracts.service import SERVICES, Service

from shared.testing import FixedClock

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
EXAMPLES_WITH_BODY, EXAMPLES_WITHOUT_BODY = 30, 12
"""Calls for each operation and kind of data. More find more and take longer; run with 500 by hand after a change."""
_FUZZING = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
_ADDRESS = re.compile(r"""(?:src|href)=["'](https?:)?//""")


def test_the_document_is_valid_openapi_3_1(unconnected: Service) -> None:
    document = unconnected.app.openapi()
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()
    dangling = [found for found in _references(document) if _resolve(document, found) is None]
    assert dangling == []


def test_every_operation_documents_refusals_and_bad_input(unconnected: Service) -> None:
    wrong = []
    for endpoint in unconnected.endpoints:
        documented = endpoint.operation["responses"]
        wrong += [f"{endpoint}: no {status}" for status in ("401", "403", "422") if status not in documented]
        wrong += [
            f"{endpoint}: {status} is no problem document"
            for status, answer in documented.items()
            if int(status) >= 400 and list(answer["content"]) != ["application/problem+json"]
        ]
        wrong += [f"{endpoint}: no text" for _ in [1] if not endpoint.operation.get("description")]
    assert wrong == []


def test_every_body_has_an_example(unconnected: Service) -> None:
    wrong = []
    for endpoint in unconnected.endpoints:
        if endpoint.has_body:
            for media, content in endpoint.operation["requestBody"]["content"].items():
                assert media == "application/json"
                if not examples_of(content["schema"]):
                    wrong.append(str(endpoint))
    assert wrong == []


def test_every_example_is_valid_under_its_schema(unconnected: Service) -> None:
    document = unconnected.app.openapi()
    wrong = []
    for place, schema in _schemas(document):
        for example in examples_of(schema):
            validator = jsonschema.Draft202012Validator(
                {**schema, "components": document["components"]},
                format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
            )
            wrong += [f"{place}: {error.json_path} {error.message}" for error in validator.iter_errors(example)]
    assert wrong == []


async def test_the_pages_need_no_internet(unconnected: Service) -> None:
    for page in ("/docs", "/redoc"):
        answer = await unconnected.http.get(page)
        assert answer.status_code == 200
        assert not _ADDRESS.search(answer.text), f"{page} loads from elsewhere"
        for path in re.findall(r"""(?:src|href)=["'](/[^"']+)["']""", answer.text):
            assert (await unconnected.http.get(path)).status_code == 200, path


@pytest.mark.slow
@pytest.mark.timeout(600)  # a hundred endpoints, some hundred calls each, on a machine that others use too
@pytest.mark.parametrize("name", SERVICES)
def test_no_call_gets_an_answer_that_is_not_documented(
    opener: Opener, clock: FixedClock, subtests: pytest.Subtests, name: str
) -> None:
    load_all_checks()
    with asyncio.Runner() as runner:
        on_record = runner.run(put_on_record(connected(opener, clock)))
        assert set(on_record.district.services) == set(SERVICES), "every service has its turn"
        service = on_record.district.services[name]
        endpoints = {(one.method, one.path): one for one in service.endpoints}
        # Not from_asgi: it would start the background parts, in another event loop than the connections'.
        schema = schemathesis.openapi.from_dict(_without_security(service.app.openapi()))
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), "the operation can be read"
            operation = found.ok()
            endpoint = endpoints.pop((operation.method.upper(), operation.path))
            # Both departments run the same code; the second adds what only finance does.
            if name != "finance" or "replenishment" in endpoint.path:
                with subtests.test(f"{name} {endpoint}"):
                    _fuzz(runner, on_record, service, endpoint, operation)
        assert endpoints == {}, "every endpoint was called"
        runner.run(opener.close())


def _fuzz(runner: asyncio.Runner, on_record: OnRecord, service: Service, endpoint: Endpoint, operation: Any) -> None:
    ids = on_record.ids[service.name]
    callers = [on_record.insider(service, endpoint, role) for role in sorted(endpoint.roles)]
    count = EXAMPLES_WITH_BODY if endpoint.has_body else EXAMPLES_WITHOUT_BODY

    @settings(_FUZZING, max_examples=count)
    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        caller=st.sampled_from(callers),
        is_known=st.booleans(),
    )
    def with_what_is_allowed(case: Case[Any], caller: dict[str, str], *, is_known: bool) -> None:
        if is_known:
            _about(case, ids)
        _judge(case, runner.run(_send(service, case, caller)))

    @settings(_FUZZING, max_examples=count)
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), caller=st.sampled_from(callers))
    def with_what_is_not(case: Case[Any], caller: dict[str, str]) -> None:
        _judge(case, runner.run(_send(service, case, caller)))

    with_what_is_allowed()
    if endpoint.operation.get("parameters") or endpoint.has_body:
        with_what_is_not()


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The document for callers who have a token. Who has none, or a wrong one, is the matter of the test of access."""
    paths = {
        path: {
            method: {key: value for key, value in operation.items() if key != "security"}
            for method, operation in item.items()
        }
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _about(case: Case[Any], ids: Mapping[str, str]) -> None:
    """Make the call one about what is on record."""
    for container in (case.path_parameters, case.body):
        if isinstance(container, dict):
            container.update({name: ids[name] for name in container if name in ids})


async def _send(service: Service, case: Case[Any], caller: dict[str, str]) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url="http://service")
    content = sent.get("data")
    if "json" in sent:
        content = json.dumps(sent["json"]).encode()
    return await service.http.request(
        sent["method"],
        sent["url"],
        params=sent.get("params"),
        headers={**sent["headers"], **caller},
        content=content,
    )


def _judge(case: Case[Any], answer: httpx.Response) -> None:
    documented = case.operation.definition.raw["responses"]
    upstream_is_away = answer.status_code == 503 and "503" in documented
    assert answer.status_code < 500 or upstream_is_away, f"{answer.status_code} {case.as_curl_command()}"
    case.validate_response(answer, checks=CHECKS)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolve(document: Mapping[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _schemas(node: Any, place: str = "#") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema of a document that has examples, and parameters with theirs."""
    if isinstance(node, Mapping):
        if isinstance(node.get("examples"), list) and ("type" in node or "anyOf" in node or "$ref" in node):
            yield place, node
        for key, value in node.items():
            if key not in {"examples", "example", "default"}:
                yield from _schemas(value, f"{place}/{key}")
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _schemas(value, f"{place}/{at}")
