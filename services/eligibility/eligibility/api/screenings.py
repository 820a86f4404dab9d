"""Screenings of the whole population, and what they found (clause 6.1)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from eligibility.api.callers import Staff
from eligibility.handlers import screenings
from eligibility.queries.screenings import (
    finding_page,
    finding_view,
    newest_screenings,
    rejection_page,
    screening_row,
    screening_view,
)
from eligibility.schemas.screenings import (
    MOST_PARTS,
    FindingPage,
    FindingView,
    OutcomeRequest,
    PartRequest,
    RejectionPage,
    ScreeningList,
    ScreeningRequest,
    ScreeningView,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["screenings"])

Sender = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, Role.SERVICE))]
DistrictReader = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]
FindingReader = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS))]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post(
    "/screenings",
    status_code=201,
    responses=problem_responses() | {200: {"model": ScreeningView, "description": "该快照在该日已有筛查"}},
)
async def open_screening(
    body: ScreeningRequest, caller: Sender, database: DatabaseDep, clock: ClockDep, response: Response
) -> ScreeningView:
    """Announce a population snapshot. The same snapshot for the same day is the same screening, however often."""
    async with database.transaction(caller) as tx:
        row, is_new = await screenings.open_screening(
            tx,
            as_of=body.as_of,
            snapshot_sha256=body.snapshot_sha256,
            parts=body.parts,
            caller=caller,
            now=clock.now(),
        )
        if not is_new:
            response.status_code = 200
        return await screening_view(tx, row)


@router.put("/screenings/{screening_id}/parts/{number}", responses=problem_responses(404))
async def put_part(
    screening_id: UUID,
    number: Annotated[int, Path(ge=1, le=MOST_PARTS)],
    body: PartRequest,
    caller: Sender,
    database: DatabaseDep,
    clock: ClockDep,
) -> ScreeningView:
    """Send one part of the snapshot. With the last one the screening begins by itself."""
    async with database.transaction(caller) as tx:
        row = await screenings.receive_part(
            tx, screening_id=screening_id, number=number, content=body.content, caller=caller, now=clock.now()
        )
        return await screening_view(tx, row)


@router.get("/screenings")
async def read_screenings(caller: DistrictReader, database: DatabaseDep) -> ScreeningList:
    """The newest screenings."""
    async with database.transaction(caller) as tx:
        return ScreeningList(items=await newest_screenings(tx))


@router.get("/screenings/{screening_id}", responses=problem_responses(404))
async def read_screening(screening_id: UUID, caller: DistrictReader, database: DatabaseDep) -> ScreeningView:
    """A screening and how far it is."""
    async with database.transaction(caller) as tx:
        return await screening_view(tx, await screening_row(tx, screening_id))


@router.get("/screenings/{screening_id}/rejected-rows", responses=problem_responses(404))
async def read_rejected_rows(
    screening_id: UUID,
    caller: DistrictReader,
    database: DatabaseDep,
    line: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Limit = 100,
) -> RejectionPage:
    """Rows that were put aside, each with what was found and what is expected."""
    async with database.transaction(caller) as tx:
        return await rejection_page(tx, screening_id, line=line, limit=limit)


@router.get("/findings")
async def read_findings(
    caller: FindingReader,
    database: DatabaseDep,
    street: Annotated[str | None, Query(pattern=r"^[0-9]{9}$", examples=["420106009"])] = None,
    kind: Literal["lead", "review"] | None = None,
    policy: Annotated[str | None, Query(pattern=r"^[a-z_]{1,60}$", examples=["dibao"])] = None,
    state: Literal["open", "closed"] = "open",
    after: UUID | None = None,
    limit: Limit = 100,
) -> FindingPage:
    """What people follow, in the caller's streets: leads and reviews, the oldest first."""
    async with database.transaction(caller) as tx:
        return await finding_page(tx, street=street, kind=kind, policy=policy, state=state, after=after, limit=limit)


@router.post("/findings/{finding_id}/outcome", responses=problem_responses(404, 409))
async def close_finding(
    finding_id: UUID, body: OutcomeRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> FindingView:
    """Somebody followed it: what came of it."""
    async with database.transaction(caller) as tx:
        row = await screenings.close_finding(
            tx, finding_id=finding_id, outcome=body.outcome, note=body.note, caller=caller, now=clock.now()
        )
        return finding_view(row)
