"""The fund as deployments run it: a process of its own behind a real socket, with the embedded issuer beside it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import text

from doudi.broker import Broker
from doudi.databases import DatabaseUrls
from doudi.environment import Environment
from doudi.identities import load_identities
from doudi.issuer import CLIENT_CREDENTIALS
from doudi.ports import free_port
from doudi.processes import Child
from doudi.stack import uvicorn_arguments
from shared.database import Database
from shared.events import Envelope
from shared.testing import SEAL_KEY

_READY_SECONDS = 60.0


class ServedFund:
    """The service on a database, to be called, killed and started again at its address."""

    def __init__(self, urls: DatabaseUrls, broker: Broker, directory: Path, *, now: datetime) -> None:
        """Business time begins at `now` and runs from there."""
        ports = {name: free_port() for name in ("issuer", "fund")}
        self.url = f"http://127.0.0.1:{ports['fund']}"
        self._issuer_url = f"http://127.0.0.1:{ports['issuer']}"
        clock_file = directory / "clock-offset-seconds"
        clock_file.write_text(repr((now - datetime.now(UTC)).total_seconds()), encoding="ascii")
        environment = Environment.create(
            directory,
            urls={"intake": "http://127.0.0.1:1"},
            issuer_url=self._issuer_url,
            broker=broker,
            clock_file=clock_file,
            seal_keys={"emergency-fund": SEAL_KEY.secret.hex()},
            client_ids=load_identities().by_id(),
        )
        self._secrets = environment.secrets
        variables = {"issuer": environment.of_issuer(), "fund": environment.of_service("emergency-fund", urls.app)}
        factories = {"issuer": "doudi.issuer:create", "fund": "emergency_fund.main:create"}
        self._issuer, self._service = (
            Child(
                name,
                [sys.executable, "-m", *uvicorn_arguments(factory, ports[name])],
                log=directory / f"{name}.log",
                directory=directory,
                environment=variables[name],
            )
            for name, factory in factories.items()
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Issuer and service run inside the block, and neither of them after it."""
        try:
            self._issuer.start()
            self._service.start()
            await _answers(self._issuer, f"{self._issuer_url}/readyz")
            await _answers(self._service, f"{self.url}/readyz")
            yield
        finally:
            self._service.kill()
            self._issuer.kill()

    async def start(self) -> None:
        """Start the service again and return when it answers. It is ready later: the broker must first find out that
        the member of its group which was killed is gone.
        """
        self._service.start()
        await _answers(self._service, f"{self.url}/livez")

    def kill(self) -> None:
        """End the service by SIGKILL, as a power failure would."""
        self._service.kill()

    async def headers(self, client_id: str) -> dict[str, str]:
        """What a client of `identities.yaml` sends with every request."""
        async with httpx.AsyncClient(base_url=self._issuer_url) as http:
            form = {"grant_type": CLIENT_CREDENTIALS}
            answer = await http.post("/token", data=form, auth=(client_id, self._secrets[client_id]))
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def recorded_events(database: Database) -> list[Envelope]:
    """Every event that was recorded, whether or not the relay has sent it yet."""
    async with database.transaction() as tx:
        bodies = await tx.scalars(text("select body from outbox union all select body from outbox_sent"))
        return [Envelope.from_json(body) for body in bodies]


async def _answers(child: Child, url: str) -> None:
    def answers() -> bool:
        try:
            return httpx.get(url, timeout=5).is_success
        except httpx.TransportError:
            return False

    await asyncio.to_thread(child.wait_until, answers, timeout_seconds=_READY_SECONDS)
