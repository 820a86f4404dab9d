"""The laws and documents that policies rest on, each once: title, number, and from when until when it is in force.

A policy cites one by its key here, followed by the article. Only what is in force on a day is a basis on that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Law:
    """A law or document. `until` is the first day on which it no longer counts; `remark` says what is not certain."""

    title: str
    number: str
    since: date
    until: date | None = None
    remark: str = ""

    def is_in_force(self, on: date) -> bool:
        """Whether it counts on a day."""
        return self.since <= on and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a law."""

    key: str
    article: str

    @property
    def law(self) -> Law:
        """The law that is cited."""
        return LAWS[self.key]

    @property
    def text(self) -> str:
        """The citation in words: 《最低生活保障审核确认办法》（民发〔2021〕57号）第八条."""
        number = f"（{self.law.number}）" if self.law.number else ""
        return f"《{self.law.title}》{number}{self.article}"

    def as_json(self) -> dict[str, Any]:
        """The citation as data."""
        law = self.law
        return {
            "title": law.title,
            "number": law.number,
            "article": self.article,
            "in_force_from": law.since.isoformat(),
            "in_force_until": law.until.isoformat() if law.until else None,
            "remark": law.remark,
            "text": self.text,
        }


def cite(words: str) -> Citation:
    """A citation from its short form: a key of LAWS, and the article after a space. Raises LookupError."""
    key, _, article = words.partition(" ")
    if key not in LAWS:
        raise LookupError(f"cites {key!r}, which is not among the laws")
    return Citation(key, article)


_DAY_UNKNOWN: Final = "施行日按公布月份推定"

LAWS: Final = {
    "district_rules": Law("武昌区关于改革完善社会救助制度的实施细则", "武昌办发〔2022〕8号", date(2022, 9, 8)),
    "assistance_law": Law("中华人民共和国社会救助法", "", date(2026, 7, 1)),
    "interim_measures": Law(
        "社会救助暂行办法",
        "国务院令第649号",
        date(2014, 5, 1),
        until=date(2026, 7, 1),
        remark="社会救助法未明文废止本办法；自该法施行之日起不再引用",
    ),
    "dibao_rules": Law("最低生活保障审核确认办法", "民发〔2021〕57号", date(2021, 7, 1)),
    "tekun_rules": Law("特困人员认定办法", "民发〔2021〕43号", date(2021, 7, 1)),
    "safety_net_notice": Law(
        "关于进一步做好最低生活保障等社会救助兜底保障工作的通知",
        "民发〔2022〕83号",
        date(2022, 10, 20),
        remark="文号未见原件",
    ),
    "monitoring_opinion": Law(
        "关于加强低收入人口动态监测做好分层分类社会救助工作的意见",
        "国办发〔2023〕39号",
        date(2023, 10, 1),
        remark=_DAY_UNKNOWN,
    ),
    "margin_rules": Law(
        "湖北省最低生活保障边缘家庭认定暂行办法",
        "鄂民政发〔2024〕15号",
        date(2024, 8, 19),
        until=date(2026, 8, 19),
        remark="有效期二年，未见后续规定",
    ),
    "rigid_rules": Law("刚性支出困难家庭认定办法", "", date(2025, 1, 1), remark="文号未见原件"),
    "unattended_opinion": Law("关于进一步加强事实无人抚养儿童保障工作的意见", "民发〔2019〕62号", date(2020, 1, 1)),
    "unattended_notice": Law(
        "关于进一步做好事实无人抚养儿童保障有关工作的通知", "民发〔2020〕125号", date(2020, 12, 24), remark=_DAY_UNKNOWN
    ),
    "orphan_opinion": Law("关于加强孤儿保障工作的意见", "国办发〔2010〕54号", date(2010, 11, 16)),
    "child_privacy_rules": Law("困境儿童个人信息保护工作办法", "", date(2025, 1, 1), remark=_DAY_UNKNOWN),
    "medical_opinion": Law("关于健全重特大疾病医疗保险和救助制度的意见", "国办发〔2021〕42号", date(2021, 10, 28)),
    "legal_aid_law": Law("中华人民共和国法律援助法", "", date(2022, 1, 1)),
    "rehabilitation_opinion": Law("关于建立残疾儿童康复救助制度的意见", "国发〔2018〕20号", date(2018, 10, 1)),
    "allowance_opinion": Law(
        "关于全面建立困难残疾人生活补贴和重度残疾人护理补贴制度的意见", "国发〔2015〕52号", date(2016, 1, 1)
    ),
    "allowance_notice": Law(
        "关于进一步完善困难残疾人生活补贴和重度残疾人护理补贴制度的意见",
        "民发〔2021〕70号",
        date(2021, 10, 1),
        remark=_DAY_UNKNOWN,
    ),
    "temporary_opinion_2018": Law("关于进一步加强和改进临时救助工作的意见", "民发〔2018〕23号", date(2018, 1, 23)),
    "temporary_opinion_2026": Law(
        "关于进一步健全完善临时救助制度的意见", "民政部、财政部2026年1月", date(2026, 1, 1), remark=_DAY_UNKNOWN
    ),
    "service_opinion": Law(
        "关于积极发展服务类社会救助的指导意见", "民发〔2026〕35号", date(2026, 8, 1), remark=_DAY_UNKNOWN
    ),
}
