"""A process of data-sharing that only keeps keys and renews values; `test_renewal.py` starts and kills it.

Arguments: the database, the key file.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from tests.data_sharing.keys.vault import settings_of

from data_sharing.tables.encrypted import ENCRYPTED
from shared.clock import SystemClock
from shared.crypto import FieldCipher, KeyRing
from shared.database import Database
from shared.deadlines import Work, Worker
from shared.keys import RENEW_JOB, Keeper
from shared.testing import SEAL_KEY


async def keep_and_renew(app_url: str, key_file: Path) -> None:
    """Until somebody kills it."""
    settings = settings_of(app_url, key_file, key_renewal_rows=20, key_renewal_pause_seconds=0.05)
    database = Database(app_url, seal_key=SEAL_KEY)
    clock = SystemClock()
    cipher = FieldCipher(KeyRing.load(key_file))
    keeper = Keeper(database, clock, cipher, service="killed", columns=ENCRYPTED, settings=settings)

    async def renew(work: Work, _: Any) -> None:
        await keeper.renew(work)

    await keeper.begin()
    await asyncio.gather(keeper.run(), Worker(database, clock, {RENEW_JOB: renew}, None).run())


if __name__ == "__main__":
    asyncio.run(keep_and_renew(sys.argv[1], Path(sys.argv[2])))
