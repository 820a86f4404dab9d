"""Several reports at once: each is taken in or refused by itself (12.2)."""

from collections import Counter

from data_sharing.handlers.lead_joining import Result
from data_sharing.handlers.lead_reports import receive
from data_sharing.schemas.leads import BatchFault, LeadBatch, LeadBatchAnswer
from shared.auth import Principal
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.idempotency import Claim, answered, once
from shared.problems import Problem


async def receive_all(
    database: Database, caller: Principal, body: LeadBatch, key: str, *, cipher: FieldCipher, clock: Clock
) -> LeadBatchAnswer:
    """Take each in, in a transaction of its own. Cut off in the middle, the same batch goes on: the sender's own
    numbers say which are in.
    """
    claim = Claim(caller, key, "report_several", body, LeadBatchAnswer)
    async with database.transaction() as tx:
        before = await answered(tx, claim)
    if before is not None:
        return before
    counts: Counter[Result] = Counter()
    refused = []
    for number, report in enumerate(body.reports, start=1):
        try:
            async with database.transaction() as tx:
                counts[(await receive(tx, caller, report, cipher=cipher, now=clock.now())).result] += 1
        except Problem as problem:
            document = problem.document
            fields = [one.field.removeprefix("body.") for one in document.errors]
            refused.append(
                BatchFault(number=number, code=document.code, fields=fields, message=document.detail or document.title)
            )
    answer = LeadBatchAnswer(
        received=len(body.reports),
        opened=counts["opened"],
        joined=counts["joined"],
        known=counts["known"],
        refused=refused,
    )

    async def write() -> LeadBatchAnswer:
        return answer

    async with database.transaction() as tx:
        return await once(tx, claim, write)
