"""What departments say of a household, called as an application calls its members. As the service."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.cases import Case, answer_rows, member_names, query_rows
from data_sharing.rules import merge as merging
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.verifications import FindingView


async def answers_to(
    tx: AsyncConnection,
    queries: Sequence[sa.Row[Any]],
    *,
    names: Mapping[str, str],
    catalogue: Catalogue,
    of_facts: bool,
) -> list[merging.Answer]:
    """Where each department stands on each data set: those that facts rest on, or those that are asked beside them.

    What was asked on request and not answered says nothing: no fact becomes unknown by it.
    """
    records = await answer_rows(tx, queries)
    standing = course.standing([course.Asked(row.query_id, row.kind, row.data_sets, row.outcome) for row in queries])
    rows = {row.query_id: row for row in queries}
    answers = []
    for query_id, counted in standing.items():
        row = rows[query_id]
        data_sets = [code for code in counted if catalogue.data_sets[code].is_of_facts == of_facts]
        if not data_sets or (row.kind == "on_request" and row.outcome in (None, "error")):
            continue
        answers.append(
            merging.Answer(
                department=row.department,
                data_sets=data_sets,
                state=row.outcome or "not_answered",
                records=[
                    merging.renamed(merging.Record(**record), names, catalogue)
                    for record in records.get(query_id, [])
                    if record["data_set"] in data_sets
                ],
            )
        )
    return answers


async def findings_beside(tx: AsyncConnection, case: Case, catalogue: Catalogue) -> list[FindingView]:
    """What was found on request, beside the facts of a case."""
    queries = [row for row in await query_rows(tx, case.verification_id) if row.kind != "obligor"]
    names = await member_names(tx, case.verification_id, case.refs)
    answers = await answers_to(tx, queries, names=names, catalogue=catalogue, of_facts=False)
    return [FindingView(**asdict(finding)) for finding in merging.findings(answers, catalogue)]
