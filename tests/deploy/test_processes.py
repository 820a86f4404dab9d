"""Child processes: nothing is left behind, whatever happens to the parent."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from doudi.ports import free_port, listens
from doudi.processes import Child, StartFailed, wait_gone

_SERVE = (
    "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"
)
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
_PARENT = """
import sys
from pathlib import Path
from doudi.processes import Child
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
child = Child("grandchild", sleep, log=Path({log!r}), directory=Path("/"))
child.start()
print(child.pid, flush=True)
sys.stdin.read()
"""


def python(tmp_path: Path, program: str) -> Child:
    return Child("the child", [sys.executable, "-c", program], log=tmp_path / "child.log", directory=tmp_path)


def test_a_child_is_waited_for_stopped_and_started_again_on_its_port(tmp_path: Path) -> None:
    port = free_port()
    child = python(tmp_path, _SERVE.format(port=port))
    for _ in range(2):
        child.start()
        child.wait_until(lambda: listens(port), timeout_seconds=30)
        child.stop()
        assert not child.running
        assert not listens(port)


def test_a_child_that_ends_while_it_starts_shows_its_log(tmp_path: Path) -> None:
    child = python(tmp_path, "raise SystemExit('no such setting')")
    child.start()
    with pytest.raises(StartFailed, match="no such setting"):
        child.wait_until(lambda: False, timeout_seconds=30)


def test_a_child_that_is_never_ready_fails_after_its_time(tmp_path: Path) -> None:
    child = python(tmp_path, _DEAF)
    child.start()
    with pytest.raises(StartFailed, match="was not ready after"):
        child.wait_until(lambda: False, timeout_seconds=0.1)
    child.kill()


def test_a_child_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    child = python(tmp_path, _DEAF)
    child.start()
    child.wait_until(lambda: "deaf" in child.log_tail(), timeout_seconds=30)
    child.stop(timeout_seconds=0.1)
    assert not child.running


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    program = _PARENT.format(log=str(tmp_path / "grandchild.log"))
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        grandchild = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_gone(grandchild, timeout_seconds=30)
