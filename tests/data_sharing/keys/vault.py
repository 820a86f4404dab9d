"""The key file of data-sharing as operations change it, and processes that read it."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text
from tests.data_sharing.conftest import Service

from data_sharing.jobs import JOBS
from data_sharing.settings import Settings
from data_sharing.tables.encrypted import ENCRYPTED
from shared.crypto import FieldCipher, KeyRing
from shared.database import Database
from shared.deadlines import Jobs, Work
from shared.keys import RENEW_JOB, Keeper
from shared.testing import SEAL_KEY, run_due

INDEX_KEY = "a5" * 32
SETTLE_SECONDS = 0.3
"""Of the real clock, in which keys age."""
KEY_SETTINGS: dict[str, Any] = {
    "key_check_seconds": 0.05,
    "key_settle_seconds": SETTLE_SECONDS,
    "key_renewal_rows": 7,
    "key_renewal_pause_seconds": 0,
}


def key_of(key_id: int) -> str:
    """A key of a test, as it stands in the file."""
    return f"{key_id:02x}" * 16 if key_id != 1 else "5a" * 16


def settings_of(app_url: str, key_file: Path, **changes: Any) -> Settings:
    """Settings of a process that keeps keys."""
    return Settings(
        database_url=SecretStr(app_url),
        kafka_bootstrap="127.0.0.1:1",
        token_issuer="https://issuer.test",
        client_id="data-sharing",
        client_secret=SecretStr("secret"),
        seal_key=SecretStr(SEAL_KEY.secret.hex()),
        intake_url="http://intake",
        key_file=key_file,
        **(KEY_SETTINGS | changes),
    )


@dataclass
class Replica:
    """One process with keys of its own, beside others on one database."""

    cipher: FieldCipher
    keeper: Keeper
    database: Database

    @property
    def jobs(self) -> Jobs[Any]:
        """What its worker does: the renewal with its own keys."""

        async def renew(work: Work, _: object) -> None:
            await self.keeper.renew(work)

        return {**JOBS, RENEW_JOB: renew}


@dataclass
class Vault:
    """The key file of the service and of its replicas."""

    service: Service
    path: Path
    opened: list[Replica] = field(default_factory=list)

    @property
    def own(self) -> Replica:
        """The process that answers requests."""
        return Replica(self.service.means.cipher, self.service.means.keys, self.service.database)

    def write(self, *key_ids: int, current: int, path: Path | None = None, **changes: Any) -> None:
        """Put another file in its place in one step, as Kubernetes does."""
        keys = {str(key_id): key_of(key_id) for key_id in key_ids}
        self.write_text(json.dumps({"current": current, "keys": keys, "index_key": INDEX_KEY, **changes}), path=path)

    def write_text(self, words: str, *, path: Path | None = None) -> None:
        path = path or self.path
        fresh = path.with_suffix(".new")
        fresh.write_text(words, encoding="ascii")
        fresh.replace(path)

    def replica(self, path: Path | None = None) -> Replica:
        """Another process that starts now, with a file of its own where one is named."""
        path = path or self.path
        service, cipher = self.service, FieldCipher(KeyRing.load(path))
        settings = settings_of(service.urls.app, path)
        keeper = Keeper(
            service.database, service.clock, cipher, service="replica", columns=ENCRYPTED, settings=settings
        )
        self.opened.append(Replica(cipher, keeper, service.database))
        return self.opened[-1]

    async def step(self, replica: Replica | None = None) -> None:
        """The replica looks into its file and does what is due."""
        replica = replica or self.own
        await replica.keeper.check()
        # The real clock rules keys; business time follows it.
        await asyncio.sleep(0.01)
        await self.service.pass_time(seconds=1)
        await run_due(self.service.database, self.service.clock, replica.jobs, self.service.means)

    async def finish(self, replica: Replica | None = None) -> None:
        """Go on until everything stands under the current key of the file."""
        replica = replica or self.own
        for _ in range(300):
            await self.step(replica)
            if (await replica.keeper.report()).is_finished:
                return
        raise AssertionError(f"never finished: {await replica.keeper.report()}")

    async def values(self) -> dict[int, int]:
        """How many values stand under each key, in all encrypted columns."""
        found: dict[int, int] = {}
        async with self.service.database.transaction() as tx:
            for column in ENCRYPTED:
                name = column.column.name
                counted = (
                    f"select get_byte({name}, 1), count(*) from {column.table_name} where {name} is not null group by 1"  # noqa: S608  # names of ours
                )
                for key_id, count in await tx.execute(text(counted)):
                    found[key_id] = found.get(key_id, 0) + count
        return found
