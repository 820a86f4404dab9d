"""`doudi up`: it runs until a signal, and nothing of it stays."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from doudi.processes import wait_gone
from doudi.running import Running
from doudi.stack import SERVICES

DOUDI = str(Path(sys.executable).with_name("doudi"))


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for temporary files that PostgreSQL's user may enter, as /tmp is."""
    directory = Path(tempfile.mkdtemp(prefix="doudi-tests-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def up(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """A `doudi up` that is asked to start; killed after the test, whatever happened."""
    with subprocess.Popen([DOUDI, "up"], env=environment(temporary), stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_can_be_used_from_another_terminal_and_leaves_nothing_behind(
    temporary: Path, up: subprocess.Popen[str]
) -> None:
    said = said_until_up(up)
    assert any("auditor-1: ey" in line for line in said)
    family = psutil.Process(up.pid).children(recursive=True)
    running = Running.model_validate_json((temporary / "run" / "running.json").read_text(encoding="utf-8"))
    assert len(family) > len(SERVICES)

    printed = doudi(temporary, "token", "ops", "resident", "street_clerk")
    assert [line.count(".") for line in printed.stdout.splitlines()] == [2, 2, 2]
    assert doudi(temporary, "dlq", "list").stdout == "No dead letters.\n"
    refused = doudi(temporary, "up")
    assert (refused.returncode, "runs already" in refused.stderr) == (1, True)

    up.send_signal(signal.SIGTERM)
    up.communicate(timeout=60)
    for process in family:
        wait_gone(process, timeout_seconds=30)
    assert up.returncode == 0
    assert not running.directory.exists()
    assert not list((temporary / "run").iterdir())


def environment(temporary: Path) -> dict[str, str]:
    return {**os.environ, "DOUDI_RUN_DIRECTORY": str(temporary / "run"), "TMPDIR": str(temporary)}


def doudi(temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [DOUDI, *arguments]
    return subprocess.run(command, env=environment(temporary), capture_output=True, text=True, check=False, timeout=120)


def said_until_up(up: subprocess.Popen[str]) -> list[str]:
    assert up.stdout is not None
    said: list[str] = []
    for line in up.stdout:
        said.append(line)
        if line.startswith("Ctrl-C"):
            return said
    pytest.fail("doudi up ended while it started:\n" + "".join(said))
