"""The story of README and demo, and what must be true of everything that it left behind."""

import asyncio
import contextlib
import json
import re

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from doudi.demo import cast
from doudi.demo.company import Company
from doudi.demo.journal import Journal
from doudi.stack import Stack
from shared.events import DEAD_LETTER_SUFFIX, TOPICS, Envelope

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def everybody() -> list[str]:
    """Every number and name of the people in the story."""
    homes = [
        cast.household("H01"),
        cast.household("H02", sequence=200),
        cast.household("H16b", sequence=300),
        *(
            cast.household("H16b", names={"p1": one, "p2": other}, sequence=400 + 20 * number)
            for number, (one, other) in enumerate(cast.NEIGHBOURS)
        ),
    ]
    return [word for home in homes for word in home.personal_words()]


async def messages(address: str) -> dict[str, list[bytes]]:
    """Every message of every topic, dead letters included."""
    topics = [*TOPICS, *(topic + DEAD_LETTER_SUFFIX for topic in TOPICS)]
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=address,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(sorted(consumer.assignment()))
        assert {partition.topic for partition in ends} == set(topics)
        found: dict[str, list[bytes]] = {topic: [] for topic in topics}
        missing = {partition for partition, end in ends.items() if end}
        while missing:
            for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
                found[partition.topic] += [record.value for record in records]
                if records[-1].offset >= ends[partition] - 1:
                    missing.discard(partition)
        return found
    finally:
        # Without a group, stop() lets the cancellation of its own helper task out.
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


@pytest.mark.clause("8.1")
@pytest.mark.clause("8.7")
@pytest.mark.clause("4.2.1")
@pytest.mark.clause("4.3.3")
@pytest.mark.clause("13.2.2")
def test_every_step_of_the_story_holds(told: Journal) -> None:
    assert [step for step in told.steps if not step["held"]] == []
    assert len(told.steps) >= 40


@pytest.mark.clause("12.1.2")
def test_no_topic_carries_personal_data(told: Journal, stack: Stack) -> None:
    found = asyncio.run(messages(stack.broker.address))
    everything = b"\n".join(body for bodies in found.values() for body in bodies).decode()
    assert len(everything) > 10_000
    assert [word for word in everybody() if word in everything] == []
    assert "2000.00" not in everything, "an income is on a topic"


def test_every_event_kept_its_clause_and_nothing_died(told: Journal, stack: Stack) -> None:
    found = asyncio.run(messages(stack.broker.address))
    dead = {topic: bodies for topic, bodies in found.items() if topic.endswith(DEAD_LETTER_SUFFIX) and bodies}
    assert dead == {}
    envelopes = [Envelope.from_json(body) for bodies in found.values() for body in bodies]
    assert len({envelope.event_id for envelope in envelopes}) > 100
    assert all(envelope.event.clause for envelope in envelopes)


def test_a_trace_goes_from_the_application_to_the_departments(told: Journal, stack: Stack) -> None:
    found = asyncio.run(messages(stack.broker.address))
    envelopes = [Envelope.from_json(body) for bodies in found.values() for body in bodies]
    [submitted, *_] = [one for one in envelopes if one.event.type == "intake.application-submitted.v1"]
    assert submitted.traceparent is not None
    trace = submitted.traceparent.split("-")[1]
    followed = {one.event.type for one in envelopes if one.traceparent and one.traceparent.split("-")[1] == trace}
    assert followed >= {
        "data-sharing.verification-requested.v1",
        "data-sharing.verification-answered.v1",
        "data-sharing.verification-completed.v1",
        "eligibility.assessment-completed.v1",
    }


@pytest.mark.clause("12.1.2")
def test_no_log_line_and_no_metric_carries_personal_data(told: Journal, stack: Stack) -> None:
    for log in stack.logs.glob("*.log"):
        text = log.read_text(encoding="utf-8")
        assert [word for word in everybody() if word in text] == [], log.name
    for name, url in stack.running.urls.items():
        text = httpx.get(f"{url}/metrics").text
        assert "doudi_" in text, name
        assert [word for word in everybody() if word in text] == [], name


def test_requests_are_counted_by_their_route(told: Journal, stack: Stack) -> None:
    handlers = {
        handler
        for url in stack.running.urls.values()
        for handler in re.findall(
            r'^http_requests_total\{handler="([^"]+)"', httpx.get(f"{url}/metrics").text, re.MULTILINE
        )
    }
    assert handlers >= {"/v1/applications", "/v1/queries/{query_id}/answer", "/v1/grants/{grant_id}/payment"}
    assert [handler for handler in handlers if re.search(r"[0-9a-f]{8}-", handler)] == []


def test_log_lines_are_json_with_service_and_time(told: Journal, stack: Stack) -> None:
    lines = (stack.logs / "intake.log").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines if line.startswith("{")]
    assert documents
    assert all({"service", "timestamp", "level", "event"} <= document.keys() for document in documents)


@pytest.mark.clause("12.3.1")
def test_every_decision_rests_on_a_verification(told: Journal, stack: Stack) -> None:
    with httpx.Client() as http:
        rate = Company(stack, http).staff("auditor-1").get("data-sharing", "/v1/indicators/verification-rate")
    assert rate["numerator"] == rate["denominator"] > 0, rate
