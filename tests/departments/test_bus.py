"""Over the broker: every department hears a referral, one takes it, and what it did is on the topic."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from departments.main import create
from departments.settings import Settings
from doudi.databases import DatabaseUrls
from shared import bus
from shared.auth import Role
from shared.database import Database
from shared.events import Envelope
from shared.events.departments import ReferralAccepted
from shared.events.eligibility import ReferralIssued
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, TokenMint, client_of, envelope_of

_PATIENCE_SECONDS = 30


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds; the test's time limit ends a vain wait."""
    while not await condition():  # noqa: ASYNC110 - what happens in a database tells nobody
        await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.clause("8.1")
async def test_a_referral_on_the_topic_reaches_its_department_and_the_answer_goes_out(
    broker: str, clock: FixedClock, key_file: Path, database_for: Callable[[str], DatabaseUrls]
) -> None:
    mint = TokenMint()
    event = ReferralIssued.model_validate({**ReferralIssued.example, "referral_id": new_id(), "household_id": new_id()})
    envelope = envelope_of(event, clock=clock)

    def department(code: str) -> FastAPI:
        settings = Settings(
            department=code,
            database_url=SecretStr(database_for("departments").app),
            kafka_bootstrap=broker,
            kafka_fetch_wait_milliseconds=10,
            token_issuer=mint.issuer,
            client_id=f"department-{code}",
            client_secret=SecretStr("secret"),
            seal_key=SecretStr(SEAL_KEY.secret.hex()),
            data_sharing_url="http://data-sharing",
            key_file=key_file,
        )
        return create(settings, clock=clock, http=mint.session())

    async def has_heard(app: FastAPI) -> bool:
        database: Database = app.state.database
        async with database.transaction() as tx:
            found = await tx.execute(text("select 1 from inbox where event_id = :id"), {"id": envelope.event_id})
            return found.scalar() is not None

    async def call(app: FastAPI, code: str, method: str, path: str) -> int:
        headers = mint.authorization("officer", Role.DEPARTMENT_OFFICER, department=code)
        async with client_of(app) as http:
            return (await http.request(method, path, headers=headers | {"Idempotency-Key": "accept-0001"})).status_code

    education, tax = department("education"), department("tax")
    path = f"/v1/referrals/{event.referral_id}"
    producer = bus.new_producer(broker, client_id="test")
    consumer = bus.new_consumer(broker, group=f"test-{event.referral_id}", fetch_wait_ms=10)
    consumer.subscribe(["departments"])
    await producer.start()
    await consumer.start()
    try:
        async with (
            asyncio.timeout(_PATIENCE_SECONDS),
            education.router.lifespan_context(education),
            tax.router.lifespan_context(tax),
        ):
            await producer.send_and_wait(event.topic, envelope.to_json(), key=event.key.encode())
            for app in (education, tax):
                await until(lambda app=app: has_heard(app))  # type: ignore[misc]  # mypy knows no type of a default
            assert await call(tax, "tax", "GET", path) == 404
            assert await call(education, "education", "POST", f"{path}/acceptance") == 200
            async for message in consumer:
                published = Envelope.from_json(message.value).event
                if isinstance(published, ReferralAccepted) and published.referral_id == event.referral_id:
                    break
    finally:
        await producer.stop()
        await consumer.stop()
