"""What the clock starts: fetching a declaration and asking the departments, the end of their time to answer, loading
delivered files and erasing what they replace, the clocks of agreements, meeting families in trouble, saved comparisons,
snapshots, and the change of keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from data_sharing.clients import Intake, Upstreams
from data_sharing.handlers import agreements, comparing, erasing, leads, snapshots
from data_sharing.handlers.asking import CALL_UPSTREAM_JOB, CLOSE_JOB, CLOSE_QUERY_JOB
from data_sharing.handlers.calling import call_upstream
from data_sharing.handlers.completing import close_verification
from data_sharing.handlers.lead_joining import OVERDUE_JOB as LEAD_OVERDUE_JOB
from data_sharing.handlers.letters import END_LETTERS_JOB, end_letters
from data_sharing.handlers.loading import LOAD_JOB, Loader, load_batch
from data_sharing.handlers.objections import close_query
from data_sharing.handlers.opening import OPEN_JOB, open_verification
from data_sharing.handlers.snapshots import Snapshots
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.comparisons import Comparison
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.deadlines import Jobs, Work
from shared.keys import RENEW_JOB, Keeper


@dataclass(frozen=True, kw_only=True)
class Means:
    """What the jobs work with."""

    database: Database
    clock: Clock
    intake: Intake
    upstreams: Upstreams
    catalogue: Catalogue
    comparisons: Mapping[str, Comparison]
    snapshots: Snapshots
    cipher: FieldCipher
    loader: Loader
    keys: Keeper


async def open_case(work: Work, means: Means) -> None:
    """Fetch the declaration of an application and open its verification."""
    declaration = await means.intake.declaration(UUID(work.subject))
    async with work.transaction() as tx:
        await open_verification(tx, declaration, catalogue=means.catalogue, cipher=means.cipher, now=work.now)


async def close_case(work: Work, means: Means) -> None:
    """Complete a verification with the answers that came in time."""
    async with work.transaction() as tx:
        await close_verification(tx, UUID(work.subject), catalogue=means.catalogue, now=work.now)


async def close_later_query(work: Work, means: Means) -> None:
    """The time to answer what was asked after the first round is over."""
    async with work.transaction() as tx:
        await close_query(tx, UUID(work.subject), catalogue=means.catalogue, now=work.now)


async def call_department(work: Work, means: Means) -> None:
    """Ask a department that is reached over REST."""
    await call_upstream(
        work,
        means.database,
        means.upstreams,
        catalogue=means.catalogue,
        cipher=means.cipher,
        clock=means.clock,
    )


async def load(work: Work, means: Means) -> None:
    """Load some rows of a delivered file, or publish it."""
    async with work.transaction() as tx:
        await load_batch(tx, UUID(work.subject), means.loader, now=work.now)


async def erase_superseded(work: Work, _: Means) -> None:
    """The days of records that count no longer are over."""
    await erasing.erase_superseded(work)


async def note_agreement_overdue(work: Work, _: Means) -> None:
    """The last day to answer a request for an agreement is over."""
    await agreements.note_overdue(work)


async def note_agreement_not_supplied(work: Work, means: Means) -> None:
    """The last day to give the data of an agreement is over."""
    await agreements.note_not_supplied(work, means.catalogue)


async def end_agreement(work: Work, _: Means) -> None:
    """The last day of an agreement is over."""
    await agreements.end_agreement(work)


async def note_lead_overdue(work: Work, _: Means) -> None:
    """The time to meet a family in trouble is over."""
    await leads.note_overdue(work)


async def erase_lead(work: Work, _: Means) -> None:
    """The period after which nothing personal is left of an unfounded lead is over."""
    await leads.erase_lead(work)


async def run_comparison(work: Work, means: Means) -> None:
    """A saved comparison is due."""
    await comparing.run_comparison(work, means.comparisons, catalogue=means.catalogue)


async def open_lead_of_hit(work: Work, means: Means) -> None:
    """A comparison found somebody who may need help."""
    await comparing.open_lead_of_hit(work, means.comparisons)


async def renew_values(work: Work, means: Means) -> None:
    """Write some values again that an older key encrypted."""
    await means.keys.renew(work)


async def build_snapshot(work: Work, means: Means) -> None:
    """A population snapshot was asked for."""
    await snapshots.build_snapshot(work, means.database, means.snapshots)


async def erase_snapshot(work: Work, means: Means) -> None:
    """The days of a population snapshot are over."""
    await snapshots.erase_snapshot(work, means.snapshots)


async def end_letters_of_household(work: Work, _: Means) -> None:
    """The last day of the last benefit of a household is over."""
    async with work.transaction() as tx:
        await end_letters(tx, UUID(work.subject), now=work.now)


JOBS: Jobs[Means] = {
    END_LETTERS_JOB: end_letters_of_household,
    OPEN_JOB: open_case,
    CLOSE_JOB: close_case,
    CLOSE_QUERY_JOB: close_later_query,
    CALL_UPSTREAM_JOB: call_department,
    LOAD_JOB: load,
    erasing.ERASE_JOB: erase_superseded,
    agreements.OVERDUE_JOB: note_agreement_overdue,
    agreements.SUPPLY_JOB: note_agreement_not_supplied,
    agreements.END_JOB: end_agreement,
    LEAD_OVERDUE_JOB: note_lead_overdue,
    leads.ERASE_JOB: erase_lead,
    comparing.RUN_JOB: run_comparison,
    comparing.LEAD_JOB: open_lead_of_hit,
    snapshots.BUILD_JOB: build_snapshot,
    snapshots.ERASE_JOB: erase_snapshot,
    RENEW_JOB: renew_values,
}
