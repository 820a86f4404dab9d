"""What is logged of an error is its class and its place: its words may repeat what somebody wrote."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy import text

from doudi.databases import DatabaseUrls
from shared.database import Database
from shared.logs import configure_logs
from shared.testing import SEAL_KEY

pytestmark = pytest.mark.clause("12.1.2")


WORDS = "王测试的工资是两千六"


class Wage(BaseModel):
    wage: int


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    configure_logs(service="test", environment="test", level="DEBUG")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield written
    configure_logs(service="test", environment="test", level="INFO")


def logged(log: io.StringIO, error: BaseException) -> dict[str, str]:
    structlog.get_logger("test").error("request.failed", exc_info=error)
    return dict(json.loads(log.getvalue().splitlines()[-1]))


def fail(*, words: str) -> None:
    try:
        Wage.model_validate({"wage": words})
    except ValueError as error:
        raise ExceptionGroup(words, [LookupError(words)]) from error


def test_an_error_is_told_with_what_caused_it_and_without_its_words(log: io.StringIO) -> None:
    with pytest.raises(ExceptionGroup) as found:
        fail(words=WORDS)
    line = logged(log, found.value)
    assert [one for one in ("pydantic_core", "ExceptionGroup", "LookupError") if one not in line["exception"]] == []
    assert "test_logs.py" in line["exception"], "where it was"
    assert WORDS not in log.getvalue()


async def test_a_refusal_of_the_database_repeats_no_value(log: io.StringIO, bare_database: DatabaseUrls) -> None:
    database = Database(bare_database.app, seal_key=SEAL_KEY)
    with pytest.raises(Exception, match=WORDS) as found:
        async with database.transaction() as tx:
            await tx.execute(text("select cast(:wage as integer) from effect"), {"wage": WORDS})
    await database.close()
    assert WORDS not in str(logged(log, found.value))
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=found.value)
    assert WORDS not in log.getvalue()
