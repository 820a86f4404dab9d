"""What cannot be understood or accepted: a problem document says what, where and how to go on, and nothing is
stored.
"""

import functools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from tests.contracts.endpoints import Endpoint
from tests.contracts.service import Service

from doudi.databases import Cluster
from shared.auth import Role

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CODE = re.compile(r"^[a-z][a-z0-9_]+$")
_POSITION = re.compile(r"第 \d+ 个字符")
_FIFTY_MEGABYTES = 50 * 1024 * 1024
_MEGABYTE = b" " * (1024 * 1024)
_JSON = {"Content-Type": "application/json"}
_NOT_JSON = {
    "a brace that is not closed": b'{"household": {',
    "a comma too many": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "two documents": b"{}{}",
    "words": "申请低保".encode(),
}
_OTHER_TYPES = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
_NESTED = {
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "lists that do not end": b"[" * 900_000,
}
# The facts of a register and of a household that is only tried out are looked at one by one, by the one who uses them.
_FREE_JSON = re.compile(r"records/?.* records\.\d+\.fields|answer records\.\d+\.fields|preview household\.")
_STRANGE_VALUES: dict[str, Any] = {
    "NUL": "a\x00b",
    "half a surrogate pair": "\ud800",
    "nothing": None,
    "an empty text": "",
    "a very long text": "长" * 100_000,
    "a very large number": 10**400,
    "a very large number in text": "9" * 400,
    "minus one": "-1",
    "an impossible date": "2022-02-30",
    "the year 10000": "10000-01-01",
    "exponent": "1e999",
}

Rows = Callable[[Service], Awaitable[dict[str, int]]]


@pytest.fixture
def rows(cluster: Cluster) -> Rows:
    """How many rows each table of a service has, whoever may see them."""

    async def count(service: Service) -> dict[str, int]:
        name = service.urls.app.rpartition("/")[2]
        connection = await asyncpg.connect(cluster.url("postgres", name).replace("+asyncpg", ""))
        try:
            tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            counts = " union all ".join(
                f"select '{table}' as name, count(*) as rows from {table}"  # noqa: S608  # names from pg_tables
                for (table,) in tables
            )
            return {row["name"]: row["rows"] for row in await connection.fetch(counts)}
        finally:
            await connection.close()

    return count


async def test_malformed_json_is_refused_with_its_position(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for what, content in _NOT_JSON.items():
            answer = await _send(service, endpoint, content)
            document = problem(answer, 400, f"{endpoint} with {what}")
            assert _POSITION.search(document["detail"]), document
            assert document["errors"][0]["field"] == "body"
    assert await rows(service) == before


async def test_a_body_that_is_no_text_is_refused(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for content in (b"\xff\xfe\x00", b'{"a": "\xe4\xbd"}'):
            problem(await _send(service, endpoint, content), 400, endpoint)
        for content in (b"", b"null", b"[]", b'"text"', b"17"):
            document = problem(await _send(service, endpoint, content), 422, f"{endpoint} with {content!r}")
            assert document["errors"][0]["field"].startswith("body"), document
    assert await rows(service) == before


async def test_a_wrong_type_is_refused_with_its_field(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for name, value in endpoint.body.items():
            wrong: Any = [["wrong"]] if isinstance(value, dict) else {"wrong": True}
            answer = await _send(service, endpoint, json.dumps(endpoint.body | {name: wrong}).encode())
            document = problem(answer, 422, f"{endpoint} with {name}={wrong}")
            named = [error["field"] for error in document["errors"]]
            assert any(field.startswith(f"body.{name}") for field in named), f"{endpoint}: {named}"
    assert await rows(service) == before


async def test_a_number_where_a_text_stands_is_refused_with_its_field(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for place, changed in _changed(endpoint.body):
            if isinstance(_at(endpoint.body, place), str) and not _FREE_JSON.search(f"{endpoint} {place}"):
                for number in (0, 20221010, 1.5):
                    content = json.dumps(changed(number)).encode()
                    document = problem(await _send(service, endpoint, content), 422, f"{endpoint}: {place}={number}")
                    named = [re.sub(r"[^a-z_0-9]+", ".", error["field"]) for error in document["errors"]]
                    assert any(field.startswith(f"body.{place}") for field in named), f"{endpoint} {place}: {named}"
    assert await rows(service) == before


async def test_no_value_in_a_body_brings_a_service_down(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for place, changed in _changed(endpoint.body):
            for what, value in _STRANGE_VALUES.items():
                content = json.dumps(changed(value)).encode()
                answer = await _send(service, endpoint, content)
                where = f"{endpoint} with {what} at {place}"
                assert answer.status_code < 500 or answer.status_code == 503, f"{where}: {answer.text}"
                if answer.is_success:
                    before = await rows(service)
                else:
                    problem(answer, answer.status_code, where)
    assert await rows(service) == before


async def test_a_body_over_the_limit_is_refused(service: Service, rows: Rows) -> None:
    before = await rows(service)
    whole = _MEGABYTE * 50

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield _MEGABYTE

    for endpoint in _bodies(service):
        for how, content in {"with its length": whole, "in chunks": chunks()}.items():
            document = problem(await _send(service, endpoint, content), 413, f"{endpoint} {how}")
            assert document["code"] == "body_too_large"
            assert document["errors"][0]["field"] == "body"
    assert len(whole) == _FIFTY_MEGABYTES
    assert await rows(service) == before


async def test_a_length_that_is_not_true_opens_nothing(service: Service, rows: Rows) -> None:
    before = await rows(service)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield _MEGABYTE

    for endpoint in _bodies(service):
        for length in ("10", "-1", "many"):
            answer = await _send(service, endpoint, chunks(), {**_JSON, "Content-Length": length})
            problem(answer, 413, f"{endpoint} with length {length}")
    assert await rows(service) == before


async def test_another_content_type_is_refused(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        content = json.dumps(endpoint.body).encode()
        for headers in [*({"Content-Type": media} for media in _OTHER_TYPES), {}]:
            document = problem(await _send(service, endpoint, content, headers), 415, f"{endpoint} with {headers}")
            assert document["code"] == "unsupported_media_type"
            assert document["errors"][0]["field"] == "header.Content-Type"
    assert await rows(service) == before


async def test_deep_nesting_is_refused(service: Service, rows: Rows) -> None:
    before = await rows(service)
    for endpoint in _bodies(service):
        for what, content in _NESTED.items():
            answer = await _send(service, endpoint, content)
            assert answer.status_code in {400, 422}, f"{endpoint} with {what}: {answer.status_code}"
            problem(answer, answer.status_code, endpoint)
        for place, changed in _changed(endpoint.body, containers=True):
            for depth in (50, 200, 900):
                deep: Any = "end"
                for _ in range(depth):
                    deep = {"a": deep}
                answer = await _send(service, endpoint, json.dumps(changed(deep)).encode())
                if answer.is_success:  # a field that takes any JSON
                    before = await rows(service)
                else:
                    assert answer.status_code < 500, f"{endpoint} with {depth} levels at {place}: {answer.text[:300]}"
                    problem(answer, answer.status_code, endpoint)
    assert await rows(service) == before


async def test_an_unknown_path_and_method_are_problems_too(service: Service) -> None:
    problem(await service.http.get("/v1/nothing-here"), 404, "unknown path")
    for endpoint in service.endpoints:
        answer = await service.http.request("DELETE", endpoint.target())
        document = problem(answer, 405, endpoint)
        assert document["code"] == "method_not_allowed"


async def test_an_id_that_is_none_is_refused_with_its_field(service: Service) -> None:
    for endpoint in service.endpoints:
        for parameter in endpoint.operation.get("parameters", ()):
            if parameter["in"] == "path" and parameter["schema"].get("format") == "uuid":
                name = parameter["name"]
                for value in ("1", "%00", "x" * 2000, "00000000-0000-0000-0000-00000000000g"):
                    answer = await service.call(endpoint, _caller(service, endpoint), {name: value})
                    document = problem(answer, 422, f"{endpoint} with {name}={value[:40]}")
                    assert document["errors"][0]["field"] == f"path.{name}"


async def test_a_service_lives_without_its_database_and_says_that_it_is_not_ready(unconnected: Service) -> None:
    alive = await unconnected.http.get("/livez")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    document = problem(await unconnected.http.get("/readyz"), 503, "readyz")
    parts = {type(part).__name__.lower() for part in unconnected.app.state.background}
    assert [name for name in {"database", *parts} if name not in document["detail"]] == []


async def test_a_service_whose_parts_do_not_run_says_which(service: Service) -> None:
    document = problem(await service.http.get("/readyz"), 503, "readyz")
    assert "relay" in document["detail"]
    assert "database" not in document["detail"]


async def test_metrics_name_routes_and_no_ids(service: Service) -> None:
    for endpoint in service.endpoints:
        await service.call(endpoint, _caller(service, endpoint))
    answer = await service.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "doudi_" in answer.text
    assert "http_request" in answer.text
    assert "01930000-0000-7000-8000" not in answer.text


def problem(answer: httpx.Response, status: int, where: object) -> dict[str, Any]:
    """The problem document of a refusal, complete; fails for anything else."""
    assert answer.status_code == status, f"{where}: {answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json", where
    document: dict[str, Any] = answer.json()
    assert document["status"] == status, where
    assert _CODE.match(document["code"]), where
    assert document["type"] == f"urn:doudi:problem:{document['code']}", where
    assert _CHINESE.search(document["title"]), f"{where}: {document}"
    assert _CHINESE.search(document.get("way_out", "")), f"{where}: no way out in {document}"
    assert document["request_id"] == answer.headers["x-request-id"], where
    for error in document["errors"]:
        assert error["field"], f"{where}: {document}"
        assert error["message"], f"{where}: {document}"
        assert len(error.get("value") or "") <= 100, where
    return document


def _bodies(service: Service) -> list[Endpoint]:
    return [endpoint for endpoint in service.endpoints if endpoint.has_body]


def _caller(service: Service, endpoint: Endpoint) -> dict[str, str]:
    """Somebody who may call it."""
    role = min(endpoint.roles)
    if role is Role.SERVICE:
        return service.caller(role, client_id="department-tax", department="tax")
    return service.caller(role)


async def _send(
    service: Service, endpoint: Endpoint, content: Any, headers: dict[str, str] | None = None
) -> httpx.Response:
    sent = endpoint.headers() | _caller(service, endpoint) | (_JSON if headers is None else headers)
    return await service.http.request(
        endpoint.method, endpoint.target({"street": "420106009"}), headers=sent, content=content
    )


Change = Callable[[Any], Any]


def _changed(body: Any, *, containers: bool = False) -> Iterator[tuple[str, Change]]:
    """For each leaf of a body (with `containers`, also for what holds leaves): its place, and the body with another
    value there.
    """
    places = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in places:
        if containers or not isinstance(value, dict | list):
            yield str(key), functools.partial(_with, body, key)
        for place, inner in _changed(value, containers=containers):
            yield f"{key}.{place}", functools.partial(_with_inside, body, key, inner)


def _with_inside(body: Any, key: Any, inner: Change, value: Any) -> Any:
    return _with(body, key, inner(value))


def _at(body: Any, place: str) -> Any:
    for part in place.split("."):
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body


def _with(body: Any, key: Any, value: Any) -> Any:
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[key] = value
    return copy
