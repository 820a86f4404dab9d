"""Whoever is on record is named to nobody who need not know: in no answer, event, metric or log line (12.1.2).

Every endpoint is called by those whom the case concerns. Only two answers name people: the declaration, to the service
that verifies it, and a query, to the department that is asked about them.
"""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from tests.contracts.record import OnRecord, example_of

from shared.auth import Role
from shared.logs import configure_logs

_SENT = (
    ("intake", "POST", "/v1/applications"),
    ("intake", "POST", "/v1/homeless-persons"),
    ("data-sharing", "POST", "/v1/applications/{application_id}/obligors"),
    ("data-sharing", "POST", "/v1/lead-reports"),
)
"""Where people on record come from."""
_NAMING = {"name", "guardian_name", "identity_number", "phone", "address", "words"}
_MAY_NAME = {
    ("intake", "GET /v1/applications/{application_id}/declaration"),
    ("data-sharing", "GET /v1/queries/{query_id}"),
}


def _people(document: Any) -> Iterator[str]:
    """What names somebody or where they are, in a body that was sent."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in _NAMING and isinstance(value, str):
                yield value
            else:
                yield from _people(value)
    elif isinstance(document, list):
        for item in document:
            yield from _people(item)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What all services write to their logs, from the most talkative level on."""
    configure_logs(service="district", environment="test", level="DEBUG")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler), "logs go to a stream"
    written = io.StringIO()
    handler.setStream(written)
    yield written
    configure_logs(service="district", environment="test", level="INFO")


@pytest.mark.slow
@pytest.mark.clause("12.1.2")
async def test_people_on_record_are_named_to_nobody_who_need_not_know(log: io.StringIO, on_record: OnRecord) -> None:
    district = on_record.district
    people = {one for service, *which in _SENT for one in _people(example_of(district[service], *which))}
    assert len(people) >= 8, "the examples name people"
    told: set[tuple[str, str]] = set()
    for name, service in district.services.items():
        for endpoint in sorted(service.endpoints, key=lambda one: one.writes):
            for role in sorted(endpoint.roles):
                headers = on_record.insider(service, endpoint, role)
                answer = await service.call(endpoint, headers, on_record.ids[name])
                if any(one in answer.text for one in people):
                    told.add((name, str(endpoint)))
                    assert role is Role.SERVICE, f"{name} {endpoint} names people to a {role}"
    assert told == _MAY_NAME

    for name, service in district.services.items():
        metrics = (await service.http.get("/metrics")).text
        async with service.database.transaction() as tx:
            events = [row.body.decode() for row in await tx.execute(text("select body from outbox"))]
        assert events or name in {"tax", "finance"}, f"{name} has told nothing"
        for where, content in (("metrics", metrics), ("events", "\n".join(events)), ("log", log.getvalue())):
            assert [one for one in people if one in content] == [], f"{where} of {name}"
    assert log.getvalue(), "something was logged"
