"""Child processes of the embedded deployment: started on a leash, watched while they start, stopped by pid."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_LEASH = Path(__file__).with_name("leash.py")
_POLL_SECONDS = 0.01
_LOG_TAIL_LINES = 20


class StartFailed(RuntimeError):
    """A process ended, or was not ready in time. The message carries the end of its log."""


class Child:
    """One child process. It may be started again after it was stopped or killed.

    Start it from a thread that lives as long as it should: the kernel ends it with the thread that started it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._directory = directory
        self._environment = dict(os.environ if environment is None else environment)
        self._user = user
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises LookupError when it was never started."""
        if self._process is None:
            raise LookupError(f"{self.name} was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to its log."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already, pid {self.pid}")
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), str(int(self._death_signal))]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*leash, self._user or "-", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                env=self._environment,
                # Ctrl-C in the terminal reaches only us, who stop the children in order.
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Return once `ready()` holds. Raises StartFailed when the process ends or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if not self.running:
                raise StartFailed(f"{self.name} ended while it started.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready after {timeout_seconds:g} s.\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def wait(self, *, timeout_seconds: float) -> int:
        """The exit code of a process that ends by itself. Kills it and raises TimeoutError when it does not."""
        if self._process is None:
            raise LookupError(f"{self.name} was not started")
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.name} did not end within {timeout_seconds:g} s") from None

    def ask_to_stop(self, by: signal.Signals | None = None) -> None:
        """Send the stop signal and return at once; `stop` then waits. Lets several children stop together."""
        if self._process is not None and self.running:
            self._process.send_signal(by or self._stop_signal)

    def stop(self, *, by: signal.Signals | None = None, timeout_seconds: float = 10) -> None:
        """Ask it to stop, and kill it when it has not after the time. `by`: another signal than its own."""
        if self._process is None:
            return
        self.ask_to_stop(by)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and its descendants at once, as a power failure would."""
        if self._process is None or not self.running:
            return
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        for descendant in family:
            # psutil compares start times: a pid that was given to another process is left alone.
            with suppress(psutil.NoSuchProcess):
                descendant.kill()
        for descendant in family:
            wait_gone(descendant, timeout_seconds=10)

    def log_tail(self) -> str:
        """The last lines of its log, for messages."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"Last lines of {self.log}:", *lines[-_LOG_TAIL_LINES:]])


def wait_gone(process: psutil.Process, *, timeout_seconds: float) -> None:
    """Return once a process that is no child of ours has ended; whether its parent took note does not matter.

    Raises TimeoutError.
    """
    deadline = time.monotonic() + timeout_seconds
    while _is_alive(process):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {process.pid} did not end within {timeout_seconds:g} s")
        time.sleep(_POLL_SECONDS)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
