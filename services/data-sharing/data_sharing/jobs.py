"""What the clock starts: fetching a declaration and asking the departments, the end of their time to answer, loading a
delivered file.
"""

from dataclasses import dataclass
from uuid import UUID

from data_sharing.clients import Intake
from data_sharing.handlers.answering import close_verification
from data_sharing.handlers.loading import LOAD_JOB, Loader, load_batch
from data_sharing.handlers.opening import CLOSE_JOB, OPEN_JOB, open_verification
from data_sharing.rules.catalogue import Catalogue
from shared.crypto import FieldCipher
from shared.deadlines import Jobs, Work


@dataclass(frozen=True, kw_only=True)
class Means:
    """What the jobs work with."""

    intake: Intake
    catalogue: Catalogue
    cipher: FieldCipher
    loader: Loader


async def open_case(work: Work, means: Means) -> None:
    """Fetch the declaration of an application and open its verification."""
    declaration = await means.intake.declaration(UUID(work.subject))
    async with work.transaction() as tx:
        await open_verification(tx, declaration, catalogue=means.catalogue, cipher=means.cipher, now=work.now)


async def close_case(work: Work, means: Means) -> None:
    """Complete a verification with the answers that came in time."""
    async with work.transaction() as tx:
        await close_verification(tx, UUID(work.subject), catalogue=means.catalogue, now=work.now)


async def load(work: Work, means: Means) -> None:
    """Load some rows of a delivered file, or publish it."""
    async with work.transaction() as tx:
        await load_batch(tx, UUID(work.subject), means.loader, now=work.now)


JOBS: Jobs[Means] = {OPEN_JOB: open_case, CLOSE_JOB: close_case, LOAD_JOB: load}
