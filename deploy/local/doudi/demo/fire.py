"""Case 3: after a fire the street pays at once, the papers are owed, finance fills the reserve, a debt is forgotten."""

from datetime import datetime, timedelta
from typing import Any

from doudi.demo.cast import NEIGHBOURS, Household, household
from doudi.demo.company import Company
from doudi.demo.journal import Journal
from shared.clock import DISTRICT_TIMEZONE, local_date

_PAPERS = ("fire_certificate", "loss_statement")
_PLACE = "中华路街道候补街社区"
_AMOUNT = "3639.99"
_NEIGHBOUR_AMOUNT = "3600.00"


def paid_at_once(journal: Journal, company: Company) -> dict[str, Any]:
    """H16: exactly four times the standard is refused; one fen less is paid by two persons before the papers are in."""
    home = household("H16b", sequence=300)
    journal.chapter("案例三 中华路街道一楼房火灾：马远夫妇当天需要帮助")
    company.move_to(datetime(2022, 12, 5, 10, 0, tzinfo=DISTRICT_TIMEZONE))
    clerk, approver = company.staff(f"clerk-{home.street}-1"), company.staff(f"approver-{home.street}-1")
    household_id = clerk.post("intake", "/v1/households", home.registration())["household_id"]
    path = f"/v1/streets/{home.street}/grants"
    problem = clerk.refused("emergency-fund", path, _grant(home, household_id, "3640.00"))
    journal.holds(
        "3,640.00 元恰为低保标准 4 倍，备用金不予支付", problem["code"] == "not_below_limit",
        f"{problem['title']}；{problem['detail']}；{problem['way_out']}",
    )  # fmt: skip
    grant = clerk.post("emergency-fund", path, _grant(home, household_id, _AMOUNT))
    approval = f"/v1/grants/{grant['grant_id']}/approval"
    alone = clerk.refused("emergency-fund", approval, {})
    journal.holds("经办人不能批准自己的申请", alone["status"] == 403, alone["title"])
    approver.post("emergency-fund", approval, {})
    paid = clerk.post("emergency-fund", f"/v1/grants/{grant['grant_id']}/payment", {})
    journal.holds("3,639.99 元当天支付，两人经手", paid["state"] == "paid")
    debts = paid["debts"]
    journal.holds("缺的材料记为有期限的欠件", len(debts) == len(_PAPERS), _debts(debts))
    _neighbours(journal, company, home)
    _refilled(journal, company, home)
    clerk.post("emergency-fund", f"/v1/grants/{grant['grant_id']}/debts/{debts[0]['debt_id']}/settlement", _SUPPLIED)
    journal.holds("一份材料补齐", condition=True, seen=debts[0]["paper"])
    return {
        "grant_id": grant["grant_id"],
        "household_id": household_id,
        "open_debt": debts[1],
        "papers": len(debts),
        "street": home.street,
    }


def forgotten_debt(journal: Journal, company: Company, fire: dict[str, Any]) -> None:
    """The debt that stays open becomes overdue, and oversight raises it."""
    company.wait_until_day(16)
    auditor = company.staff("auditor-1")

    owed = 1 + len(NEIGHBOURS) * len(_PAPERS)

    def raised() -> list[dict[str, Any]] | None:
        items = auditor.get("oversight", "/v1/clues", kind="paper_debt_overdue", street=fire["street"])["items"]
        return items if len(items) == owed else None

    clues = journal.until("监督发现逾期欠件", raised)
    journal.holds("欠件到期未补，监督逐件提出线索", clues, f"{len(clues)} 条线索（马远夫妇 1 件，同楼四户 8 件）")
    grant = company.staff(f"clerk-{fire['street']}-1").get("emergency-fund", f"/v1/grants/{fire['grant_id']}")
    debt = next(one for one in grant["debts"] if one["debt_id"] == fire["open_debt"]["debt_id"])
    journal.holds(
        "逾期的欠件仍在，不会消失", debt["outcome"] is None and debt["overdue_at"], f"{debt['paper']} 逾期未补"
    )


_SUPPLIED = {"outcome": "supplied"}


def _grant(home: Household, household_id: str, amount: str) -> dict[str, Any]:
    incident = home.facts["incident"]
    return {
        "household_id": household_id,
        "incident": {"cause": incident["cause"], "on": incident["on"], "place": _PLACE},
        "amount": amount,
        "persons": sorted(home.names),
        "payment": {"method": "cash", "payee_ref": "p1"},
        "papers_present": ["identity_card"],
        "papers_missing": [{"paper": paper, "kind": "relief_before_approval"} for paper in _PAPERS],
    }


def _neighbours(journal: Journal, company: Company, home: Household) -> None:
    clerk, approver = company.staff(f"clerk-{home.street}-2"), company.staff(f"approver-{home.street}-2")
    for number, (one, other) in enumerate(NEIGHBOURS):
        neighbour = household("H16b", names={"p1": one, "p2": other}, sequence=400 + 20 * number)
        household_id = clerk.post("intake", "/v1/households", neighbour.registration())["household_id"]
        grant = clerk.post(
            "emergency-fund",
            f"/v1/streets/{home.street}/grants",
            _grant(neighbour, household_id, _NEIGHBOUR_AMOUNT),
        )
        approver.post("emergency-fund", f"/v1/grants/{grant['grant_id']}/approval", {})
        clerk.post("emergency-fund", f"/v1/grants/{grant['grant_id']}/payment", {})
    reserve = clerk.get("emergency-fund", f"/v1/streets/{home.street}/reserve")
    journal.holds(
        "同楼四户同样当天得到救助", reserve["cash"] == "11960.01", f"备用金余额 {reserve['cash']} 元，低于警戒线"
    )


def _refilled(journal: Journal, company: Company, home: Household) -> None:
    finance = company.officer("finance")

    def asked() -> dict[str, Any] | None:
        items = finance.get("department-finance", "/v1/replenishments")["items"]
        return next((one for one in items if one["street"] == home.street and one["state"] == "open"), None)

    request = journal.until("财政局收到补充申请", asked)
    journal.holds("备用金自动向财政局申请补充", request["amount"] == "18039.99", f"申请 {request['amount']} 元")
    company.move_to(journal.now() + timedelta(hours=3))
    finance.post(
        "department-finance",
        f"/v1/replenishments/{request['replenishment_id']}/answer",
        {"outcome": "granted", "amount": request["amount"]},
    )
    clerk = company.staff(f"clerk-{home.street}-1")

    def full() -> dict[str, Any] | None:
        reserve: dict[str, Any] = clerk.get("emergency-fund", f"/v1/streets/{home.street}/reserve")
        return reserve if reserve["cash"] == "30000.00" else None

    journal.until("财政局的答复入账", full)
    journal.holds("财政局拨付，备用金恢复 30,000.00 元", condition=True)
    statement = clerk.get(
        "emergency-fund", f"/v1/streets/{home.street}/statement", on=local_date(journal.now()).isoformat()
    )
    entries = sum(len(account["entries"]) for account in statement["accounts"])
    journal.holds("当日流水逐笔可查", entries, f"{entries} 笔分录")


def _debts(debts: list[dict[str, Any]]) -> str:
    return "；".join(f"{one['paper']} 应于 {one['due_on']} 前补齐" for one in debts)
