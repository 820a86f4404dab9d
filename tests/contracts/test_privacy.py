"""Identity numbers, right ones and wrong ones, wherever a caller puts them: never in a log line, never in a problem
document.
"""

import io
import json
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.contracts.endpoints import Endpoint
from tests.contracts.service import Service

from doudi.databases import Cluster
from shared.auth import Role
from shared.logs import configure_logs
from shared.testing import identity_number

RIGHT = identity_number(date(1990, 3, 7), sequence=903)
NUMBERS = {
    "right": RIGHT,
    "wrong check digit": RIGHT[:17] + ("1" if RIGHT[17] != "1" else "2"),
    "small x": RIGHT[:17] + "x",
    "check digit missing": RIGHT[:17],
    "among words": f"李样例（{RIGHT}）",
    "after a letter": f"ID{RIGHT}",
    "with a space": f" {RIGHT} ",
}
_GIVEAWAY = RIGHT[6:17]
"""Birthday and sequence: with the region, which is no secret, they name one person."""


@pytest.fixture
def log(service: Service) -> Iterator[io.StringIO]:
    """What this service writes to its log, from the most talkative level on."""
    configure_logs(service=service.name, environment="test", level="DEBUG")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler), "logs go to a stream"
    written = io.StringIO()
    handler.setStream(written)
    yield written
    configure_logs(service=service.name, environment="test", level="INFO")


@pytest.mark.clause("12.1.2")
async def test_a_number_in_a_body_is_neither_logged_nor_repeated(service: Service, log: io.StringIO) -> None:
    refused = []
    for endpoint in service.endpoints:
        if endpoint.has_body:
            for number in NUMBERS.values():
                for body in _with_number(endpoint.body, number):
                    for content in (json.dumps(body), json.dumps(body)[:-1]):
                        refused.append(await _send(service, endpoint, content))
    _nothing_shows(refused, log)


@pytest.mark.clause("12.1.2")
async def test_a_number_in_an_address_or_a_header_is_neither_logged_nor_repeated(
    service: Service, log: io.StringIO
) -> None:
    refused = []
    for endpoint in service.endpoints:
        for number in NUMBERS.values():
            for parameter in endpoint.operation.get("parameters", ()):
                name = parameter["name"]
                if parameter["in"] == "header":
                    refused.append(await _send(service, endpoint, None, headers={name: quote(number)}))
                else:
                    target = endpoint.target({name: quote(number, safe="")})
                    refused.append(await _send(service, endpoint, None, target=target))
            refused.append(await _send(service, endpoint, None, headers={"X-Request-Id": quote(number)}))
            refused.append(await service.http.get(f"/v1/persons/{quote(number)}"))
    _nothing_shows(refused, log)


@pytest.mark.clause("12.1.2")
async def test_a_failure_below_shows_no_number(service: Service, log: io.StringIO, cluster: Cluster) -> None:
    """Every table is gone: whatever a statement carried stands in the driver's error, and must not come out."""
    database = service.urls.app.rpartition("/")[2]
    cluster.execute("drop schema public cascade", database=database)
    answers = []
    for endpoint in service.endpoints:
        if endpoint.has_body:
            for body in _with_number(endpoint.body, RIGHT):
                answers.append(await _send(service, endpoint, json.dumps(body)))
            answers.append(await _send(service, endpoint, json.dumps(endpoint.body)))
        for parameter in endpoint.operation.get("parameters", ()):
            if parameter["in"] != "header":
                target = endpoint.target({parameter["name"]: RIGHT})
                answers.append(await _send(service, endpoint, None, target=target))
    _nothing_shows(answers, log)
    for answer in answers:
        assert "Traceback" not in answer.text
        assert "select" not in answer.text.lower()
    assert '"exception"' in log.getvalue() or not any(answer.status_code == 500 for answer in answers)


def _nothing_shows(answers: list[httpx.Response], log: io.StringIO) -> None:
    shown = [
        f"{answer.request.method} {answer.request.url.path}: {answer.text[:600]}"
        for answer in answers
        if not answer.is_success and _GIVEAWAY in answer.text
    ]
    assert shown == []
    assert [line[:1500] for line in log.getvalue().splitlines() if _GIVEAWAY in line] == []


async def _send(
    service: Service,
    endpoint: Endpoint,
    content: str | None,
    *,
    target: str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    role = min(endpoint.roles)
    scope: dict[str, Any] = {"client_id": "data-sharing"} if role is Role.SERVICE else {}
    if content is None and endpoint.has_body:
        content = json.dumps(endpoint.body)
    sent = {
        "Content-Type": "application/json",
        **endpoint.headers(),
        **service.caller(role, **scope),
        **(headers or {}),
    }
    return await service.http.request(
        endpoint.method,
        target or endpoint.target({"street": "420106009"}),
        headers=sent,
        content=content.encode() if content is not None else None,
    )


def _with_number(body: Any, number: str) -> Iterator[Any]:
    """The body with the number in place of each leaf in turn, and as the name of a field."""
    if isinstance(body, dict):
        yield {**body, number: 1}
    places = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in places:
        for new in (number, *_with_number(value, number)):
            copy = dict(body) if isinstance(body, dict) else list(body)
            copy[key] = new
            yield copy
