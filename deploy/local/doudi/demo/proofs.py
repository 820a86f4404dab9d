"""Case 6: oversight proves that the payment is in its log and that nothing was removed since yesterday.

What is checked here is checked from the answers alone, with the published key: nobody has to trust the service.
"""

import base64
from datetime import timedelta
from typing import Any

from doudi.demo.company import Company
from doudi.demo.journal import Journal
from oversight.rules.checkpoint import Checkpoint, open_checkpoint
from oversight.rules.note import VerifierKey
from oversight.rules.verification import verify_consistency, verify_inclusion
from shared.clock import local_date


def proved(journal: Journal, company: Company, fire: dict[str, Any]) -> None:
    """Inclusion of the payment under today's head; consistency of yesterday's head with today's."""
    journal.chapter("案例六 监督：火灾救助款确在日志中，且自昨日以来没有任何删改")
    auditor, ops = company.staff("auditor-1"), company.staff("ops-1")
    key = VerifierKey.parse(auditor.get("oversight", "/v1/log/key")["verifier_key"])
    yesterday = ops.post("oversight", "/v1/log/checkpoints")
    company.wait_until_day(1)
    _something_happens(journal, company, fire)
    today = ops.post("oversight", "/v1/log/checkpoints")
    old, new = open_checkpoint(yesterday["note"], [key]), open_checkpoint(today["note"], [key])
    journal.holds("昨日与今日的日志头均有有效签名", new.tree_size > old.tree_size, _heads(old, new))

    entries = auditor.get("oversight", "/v1/log/entries", type="emergency-fund.grant-paid.v1")["items"]
    payment = next(one for one in entries if fire["grant_id"] in base64.b64decode(one["leaf"]).decode())
    proof = auditor.get("oversight", "/v1/log/proofs/inclusion", event_id=payment["event_id"], tree_size=new.tree_size)
    verify_inclusion(
        leaf=base64.b64decode(payment["leaf"]),
        leaf_index=proof["leaf_index"],
        tree_size=new.tree_size,
        proof=[base64.b64decode(one) for one in proof["hashes"]],
        root_hash=new.root_hash,
    )
    journal.holds("包含证明成立：3,639.99 元的支付在日志中", condition=True, seen=f"第 {proof['leaf_index']} 条")
    proof = auditor.get("oversight", "/v1/log/proofs/consistency", first=old.tree_size, second=new.tree_size)
    verify_consistency(
        first=old.tree_size,
        second=new.tree_size,
        proof=[base64.b64decode(one) for one in proof["hashes"]],
        first_root=old.root_hash,
        second_root=new.root_hash,
    )
    journal.holds("一致性证明成立：自昨日以来只有追加", condition=True, seen=f"{old.tree_size} → {new.tree_size}")
    day = local_date(journal.now() - timedelta(days=1))
    heads = auditor.get("oversight", "/v1/log/checkpoints", on=day.isoformat())["items"]
    journal.holds("昨日的日志头仍可取得", any(one["note"] == yesterday["note"] for one in heads), f"{len(heads)} 个")


def _something_happens(journal: Journal, company: Company, fire: dict[str, Any]) -> None:
    """The last paper comes in after all, and the log grows."""
    clerk, auditor = company.staff(f"clerk-{fire['street']}-1"), company.staff("auditor-1")
    debt = fire["open_debt"]
    clerk.post(
        "emergency-fund", f"/v1/grants/{fire['grant_id']}/debts/{debt['debt_id']}/settlement", {"outcome": "supplied"}
    )

    def logged() -> list[dict[str, Any]] | None:
        entries = auditor.get(
            "oversight", "/v1/log/entries", type="emergency-fund.paper-debt-settled.v1", key=fire["household_id"]
        )["items"]
        return entries if len(entries) == fire["papers"] else None

    journal.until("补齐材料记入日志", logged)
    journal.holds("最后一份材料也已补齐", condition=True, seen=debt["paper"])


def _heads(old: Checkpoint, new: Checkpoint) -> str:
    return f"昨日 {old.tree_size} 条，今日 {new.tree_size} 条"
