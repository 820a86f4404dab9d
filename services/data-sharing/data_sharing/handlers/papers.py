"""Nobody is asked for what the state holds (8.2): a request for a paper is let through or refused by the catalogue.

What is refused here is announced, so that other services refuse it too.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.signing import open_case
from data_sharing.queries.papers import paper_request_view
from data_sharing.rules.catalogue import Catalogue, Field
from data_sharing.rules.papers import held
from data_sharing.schemas.papers import PaperOutcome, PaperRequest, PaperRequestView
from data_sharing.tables.papers import announced_papers, paper_request
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.events.data_sharing import HeldPapersAnnounced, PaperRequested, PaperRequestSettled
from shared.ids import new_id
from shared.papers import PAPERS
from shared.problems import Problem, not_found, plain_problem
from shared.working_days import WorkingCalendar

_WORKING_DAYS = 10
"""As long as papers of an emergency may be missing: the policy says nothing."""
_ANNOUNCING = 0x6865_6C64
"""The advisory lock under which the list is compared and announced: `held`."""


async def ask_for_paper(
    tx: AsyncConnection,
    caller: Principal,
    application_id: UUID,
    body: PaperRequest,
    *,
    catalogue: Catalogue,
    now: datetime,
) -> PaperRequestView:
    """Keep that a family is asked for a paper. Raises Problem 404, 409 for one that departments' data stand in for."""
    case = await open_case(tx, caller, application_id)
    if body.paper not in PAPERS:
        raise plain_problem(
            422,
            detail="没有这种材料",
            field="body.paper",
            value=body.paper,
            way_out="材料代码见 GET /v1/papers",
        )
    if fields := held(catalogue).get(body.paper):
        raise _held(body.paper, fields, catalogue)
    asked = await tx.execute(
        insert(paper_request)
        .values(
            paper_request_id=new_id(),
            application_id=application_id,
            household_id=case.household_id,
            paper=body.paper,
            reason=body.reason,
            due_on=WorkingCalendar().add_working_days(local_date(now), _WORKING_DAYS),
            asked_by=caller.subject,
            asked_at=now,
        )
        .on_conflict_do_nothing()
        .returning(paper_request)
    )
    row = asked.one_or_none()
    if row is None:
        raise Problem(
            409,
            "paper_already_asked_for",
            "已请群众提交该材料",
            f"申请 {application_id} 的{PAPERS[body.paper].title}尚未提交",
            field="body.paper",
            value=body.paper,
            way_out="收到后请登记；不再需要的请撤回",
        )
    event = PaperRequested(
        household_id=case.household_id,
        application_id=application_id,
        paper_request_id=row.paper_request_id,
        paper=row.paper,
        due_on=row.due_on,
    )
    await outbox.record(tx, event, at=now)
    return paper_request_view(row)


def _held(paper: str, fields: tuple[Field, ...], catalogue: Catalogue) -> Problem:
    data_sets = [catalogue.data_sets[code] for code in dict.fromkeys(field.data_set for field in fields)]
    sources = "、".join(f"{catalogue.departments[one.department]}“{one.title}”" for one in data_sets)
    return Problem(
        409,
        "paper_is_held",
        "部门数据能够提供，不得要求群众提交",
        f"{PAPERS[paper].title}所证明的内容可由{sources}提供",
        field="body.paper",
        value=paper,
        way_out="请查看核对报告；部门没有答复或结果有疑问的，请对核对结果提出异议，由部门复核",
    )


async def settle_paper(
    tx: AsyncConnection, caller: Principal, paper_request_id: UUID, body: PaperOutcome, *, now: datetime
) -> PaperRequestView:
    """The paper came in, or is no longer needed. Raises Problem 404 and 409."""
    found = (
        await tx.execute(
            sa.select(paper_request).where(paper_request.c.paper_request_id == paper_request_id).with_for_update()
        )
    ).one_or_none()
    if found is None:
        raise not_found("材料要求", paper_request_id)
    case = await open_case(tx, caller, found.application_id)
    if found.outcome is not None:
        raise Problem(
            409,
            "paper_request_settled",
            "该材料要求已经办结",
            f"材料要求 {paper_request_id} 已于 {local_date(found.settled_at)} 办结",
            way_out="如仍需要，请重新提出",
        )
    settled = await tx.execute(
        sa.update(paper_request)
        .where(paper_request.c.paper_request_id == paper_request_id)
        .values(outcome=body.outcome, settled_by=caller.subject, settled_at=now)
        .returning(paper_request)
    )
    event = PaperRequestSettled(
        household_id=case.household_id,
        application_id=found.application_id,
        paper_request_id=paper_request_id,
        paper=found.paper,
        outcome=body.outcome,
    )
    await outbox.record(tx, event, at=now)
    return paper_request_view(settled.one())


async def announce_held_papers(database: Database, clock: Clock, catalogue: Catalogue) -> None:
    """Tell the other services which papers nobody may ask for, unless they were told the same list last."""
    now, codes = clock.now(), sorted(held(catalogue))
    async with database.transaction() as tx:
        await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_ANNOUNCING)))
        last = sa.select(announced_papers.c.held).order_by(announced_papers.c.announced_at.desc()).limit(1)
        if (await tx.execute(last)).scalar_one_or_none() == codes:
            return
        await tx.execute(insert(announced_papers).values(announced_at=now, held=codes))
        await outbox.record(tx, HeldPapersAnnounced(held=tuple(codes)), at=now)
