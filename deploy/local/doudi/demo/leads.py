"""Case 5: police and emergency management find somebody in trouble; the street goes there, the senders learn of it."""

from datetime import timedelta
from typing import Any

from doudi.demo.actors import Actor
from doudi.demo.cast import household
from doudi.demo.company import Company
from doudi.demo.journal import Journal
from shared.clock import local_date


def met_in_time(journal: Journal, company: Company) -> None:
    """H02's man, known by his number, is reported twice: one lead, told to the street, masked, met within the day."""
    home = household("H02", sequence=200)
    journal.chapter("案例五 民警巡查发现陈长贵家中断粮，应急部门当天也接到报告")
    submission = home.submission(signed_on=local_date(journal.now()))
    person = submission["household"]["members"][0]
    about = {"name": person["name"], "identity_number": person["identity_number"], "street": home.street}
    police, emergency = company.officer("public_security"), company.officer("emergency_management")
    today = str(local_date(journal.now()))
    first = police.post("data-sharing", "/v1/lead-reports", _report("police_visit", today, about))
    second = emergency.post("data-sharing", "/v1/lead-reports", _report("emergency_report", today, about))
    journal.holds(
        "两个部门报送的是同一人，只立一条线索",
        second["lead_id"] == first["lead_id"] and second["joined"],
        f"首次联系期限 {first['contact_by']}",
    )
    lead_id = first["lead_id"]
    clerk = company.staff(f"clerk-{home.street}-1")
    lead = clerk.get("data-sharing", f"/v1/leads/{lead_id}")
    shown = lead["reported"][0]["name"]
    journal.holds(
        "街道看到线索，按号码认定为已有档案的家庭，姓名脱敏",
        lead["match"] == "exact" and lead["households"] and shown != person["name"],
        shown,
    )
    elsewhere = company.staff("clerk-420106009-1").refused_get("data-sharing", f"/v1/leads/{lead_id}")
    journal.holds("其他街道看不到", elsewhere["status"] == 404, elsewhere["title"])
    early = clerk.refused("data-sharing", f"/v1/leads/{lead_id}/outcome", {"outcome": "helped"})
    journal.holds("没有联系过，不能办结", early["code"] == "not_contacted", early["way_out"])
    civil_affairs = company.officer("civil_affairs")
    waiting = journal.until("区民政局的待办中有这条线索", lambda: _to_do(civil_affairs, lead_id))
    company.move_to(journal.now() + timedelta(hours=3))
    clerk.post("data-sharing", f"/v1/leads/{lead_id}/contacts", {"result": "reached"})
    gone = journal.until("见面后从待办中移去", lambda: not _to_do(civil_affairs, lead_id))
    journal.holds("区民政局的待办中有这条线索，街道见到人后移去", gone, f"办理期限 {waiting['due_at']}")
    clerk.post("data-sharing", f"/v1/leads/{lead_id}/outcome", {"outcome": "helped"})
    told = police.get("data-sharing", f"/v1/lead-reports/{first['report_id']}")
    journal.holds(
        "报送民警得知结果，不含家庭信息", told["outcome"] == "helped" and not {"street", "name"} & told.keys()
    )
    indicator = company.staff("auditor-1").get("data-sharing", "/v1/indicators/leads", first_on=today, last_on=today)
    journal.holds("及时联系率", indicator["rate"] == "1.0000", indicator["definition"])


def _to_do(officer: Actor, lead_id: str) -> dict[str, Any] | None:
    """What the officer's department has to do about a lead."""
    items = officer.get("department-civil_affairs", "/v1/work-items")["items"]
    return next((item for item in items if item["subject_id"] == lead_id), None)


def _report(channel: str, day: str, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "channel": channel,
        "reference": f"demo-{channel}-1",
        "happened_on": day,
        "troubles": ["no_food"],
        "is_urgent": True,
        "about": about,
    }
