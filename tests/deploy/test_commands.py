"""The commands of `doudi` that need no whole deployment, as they are typed."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from doudi.apart import run_apart
from doudi.commands.events import line_of
from doudi.databases import DatabaseUrls
from doudi.main import app
from eligibility.rules.facts.snapshot import read_snapshot
from shared.events import Envelope
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.testing import SEAL_KEY, let_in

CASE = {
    "as_of": "2022-10-10",
    "household": {
        "street": "420106009",
        "members": [{"id": "p1", "relation": "applicant", "birth_date": "1965-01-15", "sex": "M"}],
    },
}


def doudi(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)


def doudi_apart(*arguments: str, **environment: str) -> Result:
    """For tests in whose thread an event loop runs."""
    return run_apart(lambda: doudi(*arguments, **environment))


def envelope() -> Envelope:
    event = ApplicationSubmitted.from_example()
    return Envelope(event_id=new_id(), source="intake", time=datetime(2022, 10, 10, tzinfo=UTC), event=event)


@pytest.mark.parametrize(
    "command", ["up", "demo", "assess", "toolbook", "population", "screen", "token", "events", "replay", "dlq"]
)
def test_every_command_explains_itself(command: str) -> None:
    result = doudi(command, "--help")
    assert result.exit_code == 0
    assert "Usage: doudi" in result.output
    assert command in doudi("--help").output


def test_assess_answers_for_every_policy_with_an_explanation(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE), encoding="utf-8")
    result = doudi("assess", str(file))
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["as_of"] == "2022-10-10"
    assert "dibao" in answer["policies"]
    assert all({"eligible", "explanation"} <= policy.keys() for policy in answer["policies"].values())


def test_assess_takes_another_day_than_the_one_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE), encoding="utf-8")
    assert json.loads(doudi("assess", str(file), "--as-of", "2023-05-01").stdout)["as_of"] == "2023-05-01"


def test_a_population_is_the_same_every_time_and_can_be_screened(tmp_path: Path) -> None:
    for name in ("first", "again"):
        directory = str(tmp_path / name)
        result = doudi("population", "--persons", "500", "--seed", "7", "--on", "2022-12-01", "--out", directory)
        assert result.exit_code == 0
        assert "500 persons in " in result.stdout
    first, again = (tmp_path / name / "snapshot.parquet" for name in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()
    snapshot = read_snapshot(first, date(2022, 12, 1))
    assert snapshot.rows.height == 500
    assert snapshot.rejected.is_empty()


def test_screening_needs_a_file_and_a_platform(tmp_path: Path) -> None:
    assert doudi("screen", str(tmp_path / "absent.parquet")).exit_code == 2
    (tmp_path / "snapshot.parquet").write_bytes(b"PAR1")
    alone = doudi("screen", str(tmp_path / "snapshot.parquet"), DOUDI_RUN_DIRECTORY=str(tmp_path))
    assert alone.exit_code == 1
    assert "doudi up" in alone.output


@pytest.mark.clause("1.4")
def test_toolbook_writes_page_and_data_of_a_day(tmp_path: Path) -> None:
    page, data = tmp_path / "toolbook.html", tmp_path / "toolbook.json"
    result = doudi("toolbook", "--html", str(page), "--json", str(data), "--on", "2023-01-10")
    assert (result.exit_code, result.output) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(data.read_text(encoding="utf-8"))["as_of"] == "2023-01-10"
    assert doudi("toolbook", "--json", "-", "--on", "2023-01-10").stdout == data.read_text(encoding="utf-8")


def test_toolbook_asks_what_to_write_and_says_where_it_cannot(tmp_path: Path) -> None:
    result = doudi("toolbook")
    assert (result.exit_code, "--html FILE" in result.stderr) == (2, True)
    result = doudi("toolbook", "--html", str(tmp_path / "none" / "toolbook.html"))
    assert (result.exit_code, "No such file" in result.stderr) == (1, True)


def with_birth_date(value: Any) -> dict[str, Any]:
    member = {**CASE["household"]["members"][0], "birth_date": value}  # type: ignore[index]  # JSON
    return {**CASE, "household": {**CASE["household"], "members": [member]}}  # type: ignore[dict-item]  # JSON


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "no JSON"),
        ("[]", "an object"),
        (json.dumps({**CASE, "as_of": "2022-13-01"}), "as_of"),
        (json.dumps(with_birth_date("1965-02-30")), "members[0].birth_date"),
        (json.dumps(with_birth_date(1965)), "members[0].birth_date"),
        (json.dumps({**CASE, "household": {"members": [], "colour": "red"}}), "colour"),
    ],
)
def test_assess_refuses_invalid_input_with_the_path_of_the_field(tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "case.json"
    file.write_text(content, encoding="utf-8")
    result = doudi("assess", str(file))
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not result.stdout


def test_assess_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = doudi("assess", str(tmp_path / "none.json"))
    assert (result.exit_code, "none.json" in result.stderr) == (2, True)


def test_assess_takes_a_file_or_an_assessment_on_record(tmp_path: Path) -> None:
    assert doudi("assess").exit_code == 2
    both = doudi("assess", str(tmp_path / "case.json"), "--replay", "01930000-0000-7000-8000-000000000006")
    assert both.exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["token", "ops"],
        ["events"],
        ["dlq", "list"],
        ["replay"],
        ["assess", "--replay", "01930000-0000-7000-8000-000000000006"],
    ],
)
def test_without_a_running_deployment_a_command_says_how_to_start_one(tmp_path: Path, command: list[str]) -> None:
    result = doudi(*command, DOUDI_RUN_DIRECTORY=str(tmp_path))
    assert result.exit_code == 1
    assert "doudi up" in result.stderr


def test_events_refuses_a_topic_that_does_not_exist() -> None:
    result = doudi("events", "--topic", "intakes")
    assert result.exit_code == 2
    assert "no such topic: intakes" in result.stderr


def test_an_event_is_one_line_without_what_the_key_says_already() -> None:
    line = line_of(envelope().to_json())
    assert line.startswith("2022-10-10 00:00:00 intake.application-submitted.v1")
    assert "\n" not in line
    assert "household_id" not in line


def test_a_message_that_is_no_event_is_shown_as_such() -> None:
    assert line_of(b"\xff{").startswith("not an event: ")
    assert line_of(b'{"type": "weather.rain.v1"}').startswith("not an event: ")


async def bury(urls: DatabaseUrls, body: bytes) -> int:
    connection = await asyncpg.connect(urls.app.replace("+asyncpg", ""))
    try:
        await let_in(connection, scope="service")
        return int(
            await connection.fetchval(
                "insert into dead_letter (consumer, topic, partition, broker_offset, event_id, event_type, key, body,"
                " error_class, error_code) values ('oversight', 'intake', 0, 0, $1, 'intake.application-submitted.v1',"
                " 'k', $2, 'HandlerBroke', '') returning id",
                new_id(),
                body,
            )
        )
    finally:
        await connection.close()


def named(urls: DatabaseUrls, broker: str) -> dict[str, str]:
    """The variables by which a command finds a database that does not belong to the embedded deployment."""
    return {
        "DOUDI_DATABASE_URL": urls.app,
        "DOUDI_SEAL_KEY": SEAL_KEY.secret.hex(),
        "DOUDI_KAFKA_BOOTSTRAP": broker,
    }


async def test_dead_letters_are_listed_shown_and_replayed(
    database_for: Callable[[str], DatabaseUrls], broker: str
) -> None:
    urls = database_for("oversight")
    letter_id = await bury(urls, envelope().to_json())
    target = named(urls, broker)

    assert "HandlerBroke" in doudi_apart("dlq", "list", COLUMNS="200", **target).output
    shown = doudi_apart("dlq", "show", "database", str(letter_id), **target)
    assert json.loads(shown.stdout)["type"] == "intake.application-submitted.v1"
    assert doudi_apart("dlq", "replay", "database", **target).stdout == "Sent again: 1\n"
    assert doudi_apart("dlq", "show", "database", "999", **target).exit_code == 1


async def test_replay_of_a_service_that_sent_nothing_sends_nothing(
    database_for: Callable[[str], DatabaseUrls], broker: str
) -> None:
    target = named(database_for("oversight"), broker)
    assert doudi_apart("replay", **target).stdout == "database: 0\n"
