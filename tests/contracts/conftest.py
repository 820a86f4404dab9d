"""Any service, and the whole district with one case on record, as fixtures."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.record import District, OnRecord, put_on_record
from tests.contracts.service import MONDAY, SERVICES, Service, build, package_of

from doudi.databases import DatabaseUrls
from shared.testing import FixedClock, TokenMint, client_of


@pytest.fixture(scope="session")
def mint() -> TokenMint:
    """One issuer: its key takes time to make."""
    return TokenMint()


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2022-10-10, 10:00 in Wuhan."""
    return FixedClock(MONDAY)


@dataclass
class Opener:
    """Opens services by name, each on a fresh database; closes them all in the end."""

    database_for: Callable[[str], DatabaseUrls]
    directory: Path
    clock: FixedClock
    opened: list[Service] = field(default_factory=list)

    def __call__(self, name: str, mint: TokenMint) -> Service:
        urls = self.database_for(package_of(name))
        app = build(name, urls, self.directory, clock=self.clock, mint=mint)
        self.opened.append(Service(name, app, urls, mint, client_of(app)))
        return self.opened[-1]

    async def close(self) -> None:
        for service in self.opened:
            await service.http.aclose()
            await service.database.close()


@pytest.fixture
def opener(database_for: Callable[[str], DatabaseUrls], tmp_path: Path, clock: FixedClock) -> Opener:
    """For tests that open and close services themselves."""
    return Opener(database_for, tmp_path, clock)


@pytest.fixture
async def open_service(opener: Opener) -> AsyncIterator[Opener]:
    """Opens any service by name; closed after the test."""
    yield opener
    await opener.close()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, open_service: Opener, mint: TokenMint) -> Service:
    """Every service, one after the other, with nothing on record and nobody to ask."""
    return open_service(request.param, mint)


@pytest.fixture(params=SERVICES)
async def unconnected(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, mint: TokenMint) -> Any:
    """Every service, one after the other, with a database that nobody answers for."""
    nowhere = "postgresql+asyncpg://somebody:nothing@127.0.0.1:1/nowhere"
    urls = DatabaseUrls(owner=nowhere, app=nowhere)
    app = build(request.param, urls, tmp_path, clock=clock, mint=mint)
    async with client_of(app) as http:
        yield Service(request.param, app, urls, mint, http)
    await app.state.database.close()


@pytest.fixture
async def on_record(open_service: Opener, clock: FixedClock) -> OnRecord:
    """One case, made through the public API by the documented examples and carried by events alone."""
    return await put_on_record(connected(open_service, clock))


def connected(opener: Opener, clock: FixedClock) -> District:
    """All services, which reach each other."""
    mint = TokenMint()
    district = District({name: opener(name, mint) for name in SERVICES}, clock)
    for host in ("intake", "data-sharing"):
        mint.route(host, district[host].app)
    return district
