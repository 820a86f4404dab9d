"""The embedded deployment, started for each module of journeys on the broker of this run, and stopped after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from doudi.broker import BrokerKind
from doudi.demo import application, story
from doudi.demo.journal import Journal
from doudi.running import run_directory
from doudi.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the journeys together on one worker: two deployments at once are too much for a small machine."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.fixture(scope="module")
def stack(broker_kind: BrokerKind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with one department in a process of its own and business time at the story's first day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOUDI_RUN_DIRECTORY", str(tmp_path_factory.mktemp("run")))
        with run_directory() as directory:
            running = Stack(
                directory,
                broker=broker_kind,
                durable=False,
                apart=[application.DOWN],
                clock_starts_at=story.BEGINS_AT,
            )
            with running:
                yield running


@pytest.fixture(scope="module")
def told(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """The story, told once; its tests look at what it left behind."""
    path: Path = tmp_path_factory.mktemp("story") / "story.txt"
    with path.open("w", encoding="utf-8") as written:
        journal = Journal(Console(file=written, width=160), stack.now)
        story.tell(stack, journal)
    return journal
