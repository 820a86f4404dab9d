"""What a running embedded deployment tells other processes: addresses and where its secrets are.

The description is a file that only its owner reads; it goes away with the deployment. A user of the machine has one
deployment at a time, or several under different values of DOUDI_RUN_DIRECTORY.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import psutil
from pydantic import BaseModel, ConfigDict

from doudi.broker import BrokerKind
from doudi.issuer import CLIENT_CREDENTIALS, RESIDENT_SUBJECT, TOKEN_EXCHANGE
from doudi.keys import write_private

MINI_PROGRAM = "mini-program"
_FILE = "running.json"


class NotRunning(RuntimeError):
    """No embedded deployment runs in that directory."""


class AlreadyRunning(RuntimeError):
    """Another embedded deployment runs, and this one would overwrite its description."""


class RunningDatabase(BaseModel):
    """A database as its service's run-time role, and the key under which it believes who asks."""

    model_config = ConfigDict(frozen=True)

    url: str
    seal_key: str


class Running(BaseModel):
    """A running embedded deployment."""

    model_config = ConfigDict(frozen=True)

    pid: int
    directory: Path
    """Where its files are; removed when it ends."""
    broker_kind: BrokerKind
    broker_address: str
    issuer_url: str
    urls: dict[str, str]
    """Base URL of each service (`data-sharing`) and of each department (`department-tax`)."""
    databases: dict[str, RunningDatabase]
    """Each database (`data_sharing`, `departments_tax`) as the service's run-time role."""
    secrets_file: Path

    @classmethod
    def find(cls) -> Self:
        """The deployment that runs here. Raises NotRunning."""
        running = cls.last()
        if running is None or not psutil.pid_exists(running.pid):
            raise NotRunning("no embedded deployment runs here; start one with: doudi up")
        return running

    @classmethod
    def last(cls) -> Self | None:
        """The deployment that ran last, if it did not take its description away."""
        path = _description()
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None

    @contextmanager
    def described(self) -> Iterator[None]:
        """Let other processes find it while the block runs."""
        write_private(_description(), self.model_dump_json(indent=2))
        yield
        _description().unlink()

    def token(self, client_id: str) -> str:
        """A client's own access token."""
        return self._ask_issuer(client_id, {"grant_type": CLIENT_CREDENTIALS})

    def resident_token(self, subject: str) -> str:
        """A token with which the mini-program acts for a resident."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject,
            "subject_token_type": RESIDENT_SUBJECT,
        }
        return self._ask_issuer(MINI_PROGRAM, form)

    def _ask_issuer(self, client_id: str, form: dict[str, str]) -> str:
        secrets: dict[str, str] = json.loads(self.secrets_file.read_text(encoding="utf-8"))
        if client_id not in secrets:
            raise LookupError(f"the issuer knows no client {client_id}; see deploy/local/doudi/identities.yaml")
        auth = (client_id, secrets[client_id])
        answer = httpx.post(f"{self.issuer_url}/token", data=form, auth=auth, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@contextmanager
def run_directory() -> Iterator[Path]:
    """A new directory for the files of a deployment, removed after the block; so is one that a crash left behind.

    Raises AlreadyRunning.
    """
    left_behind = Running.last()
    if left_behind is not None:
        if psutil.pid_exists(left_behind.pid):
            raise AlreadyRunning(
                f"an embedded deployment runs already, pid {left_behind.pid}. "
                "Stop it, or give this one a place of its own with DOUDI_RUN_DIRECTORY."
            )
        shutil.rmtree(left_behind.directory, ignore_errors=True)
        _description().unlink()
    directory = Path(tempfile.mkdtemp(prefix="doudi-"))
    # PostgreSQL runs as another user when we are root; secrets are in files that only their owner reads.
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _description() -> Path:
    chosen = os.environ.get("DOUDI_RUN_DIRECTORY")
    directory = Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"doudi-user-{os.getuid()}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise RuntimeError(f"{directory} belongs to somebody else; choose another with DOUDI_RUN_DIRECTORY")
    return directory / _FILE
