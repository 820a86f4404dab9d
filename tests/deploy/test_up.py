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


@pytest.mark.slow
def test_up_can_be_used_from_another_terminal_and_leaves_nothing_behind(temporary: Path) -> None:
    environment = {**os.environ, "DOUDI_RUN_DIRECTORY": str(temporary / "run"), "TMPDIR": str(temporary)}
    with subprocess.Popen([DOUDI, "up"], env=environment, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        said = [line for line in iter(up.stdout.readline, "Ctrl-C stops everything.\n") if line]
        assert any("auditor-1: ey" in line for line in said)
        family = psutil.Process(up.pid).children(recursive=True)
        running = Running.model_validate_json((temporary / "run" / "running.json").read_text(encoding="utf-8"))
        assert len(family) > len(SERVICES)

        printed = run(environment, "token", "ops", "resident", "street_clerk")
        assert [line.count(".") for line in printed.stdout.splitlines()] == [2, 2, 2]
        assert run(environment, "dlq", "list").stdout == "No dead letters.\n"
        refused = run(environment, "up")
        assert (refused.returncode, "runs already" in refused.stderr) == (1, True)

        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=60)
    for process in family:
        wait_gone(process, timeout_seconds=30)
    assert up.returncode == 0
    assert not running.directory.exists()
    assert not list((temporary / "run").iterdir())


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([DOUDI, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60)
