"""How a policy is carried out: its steps with their limits and where each limit is from. Shared by policies alike.

A step whose source is not in force on a day is no step on that day. Where no text gives a limit, it is ours and marked
assumed, or the step has none and says so. Every limit stands once: what a clock counts by is published here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from eligibility.rules.laws import Citation, cite
from shared.parameters import Parameters

PUBLIC_NOTICE_DAYS: Final = 7
"""Natural days (57 art. 19)."""
ACCEPT_WORKING_DAYS: Final = 3
COMPLETE_WORKING_DAYS: Final = 10
"""Clocks of a referral. The policy names none; these are ours."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Its limit is `days`, or the value of `parameter`; neither where no text gives one. Natural days only
    where `working` is False.
    """

    name: str
    title: str
    days: int | None = None
    source: Citation | None = None
    working: bool = True
    assumed: bool = False
    parameter: str = ""

    def as_json(self, parameters: Parameters, *, on: date) -> dict[str, Any]:
        """The step as data, with the limit of a day."""
        days, source, assumed = self.days, self.source.text if self.source else "", self.assumed
        if self.parameter:
            value = parameters.value(self.parameter, on=on)
            days, source, assumed = int(value.value), value.source or source, assumed or value.assumed
        return {
            "step": self.name,
            "title": self.title,
            "days": days,
            "working_days": self.working,
            "limit": _in_words(days, working=self.working, assumed=assumed),
            "source": source,
            "assumed": assumed,
        }


def _in_words(days: int | None, *, working: bool, assumed: bool) -> str:
    if days is None:
        return "未规定时限"
    return f"{days}个{'工作日' if working else '自然日'}{'（暂定）' if assumed else ''}"


@dataclass(frozen=True, slots=True)
class Responder:
    """Who answers a call."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Response:
    """Who answers a call of somebody at home: the first, and where nobody has acknowledged it, the next."""

    title: str
    around_the_clock: bool
    responders: tuple[Responder, ...]

    @property
    def text(self) -> str:
        """The response in words."""
        when = "全天候" if self.around_the_clock else "工作时间"
        return f"{self.title}（{when}）：{' → '.join(one.title for one in self.responders)}"

    def as_json(self) -> dict[str, Any]:
        """The response as data."""
        return {
            "title": self.title,
            "around_the_clock": self.around_the_clock,
            "levels": [
                {"level": level, "responder": one.name, "title": one.title}
                for level, one in enumerate(self.responders, start=1)
            ],
        }


@dataclass(frozen=True, slots=True)
class Procedure:
    """The steps in their order."""

    title: str
    steps: tuple[Step, ...]

    @property
    def has_public_notice(self) -> bool:
        """Whether the opinion hangs in the community."""
        return any(step.name == "notice" for step in self.steps)

    def on(self, day: date) -> tuple[Step, ...]:
        """The steps of a day."""
        return tuple(step for step in self.steps if step.source is None or step.source.law.is_in_force(day))


DIBAO: Final = Procedure(
    "低保审核确认程序",
    (
        Step("investigate", "受理后启动家庭经济状况调查", 3, cite("dibao_rules 第十五条")),
        Step("notice", "初审意见在社区公示", PUBLIC_NOTICE_DAYS, cite("dibao_rules 第十九条"), working=False),
        Step("confirm", "街道审核确认，自受理起办结", parameter="decision_working_days"),
        Step(
            "confirm_hard_case",
            "公示有异议、人户分离、异地申请或调查困难的，最长",
            parameter="decision_working_days_extended",
        ),
        Step("refuse", "不予确认的，书面告知并说明理由", 3, cite("dibao_rules 第二十一条")),
    ),
)
GRACE: Final = Procedure(
    "低保动态管理程序",
    (
        Step("review", "就业后收入复核"),
        Step(
            "hear",
            "拟停发、减发前书面告知理由并听取本人意见，本人答复期限",
            source=cite("assistance_law 第四十八条"),
            parameter="hearing_silence_working_days",
        ),
    ),
)
TEKUN: Final = Procedure(
    "特困人员认定程序",
    (
        Step("investigate", "街道调查核实并提出初审意见", 15, cite("tekun_rules 第十三条至第十八条")),
        Step("notice", "初审意见在社区公示", PUBLIC_NOTICE_DAYS, cite("tekun_rules 第十三条至第十八条"), working=False),
        Step("confirm", "全面审查、随机抽查后作出认定", 15, cite("tekun_rules 第十三条至第十八条")),
        Step("refuse", "不予认定的，书面告知并说明理由", 3, cite("tekun_rules 第十三条至第十八条")),
        Step("reassess_self_care", "报告生活自理能力变化后重新评估", 10, cite("tekun_rules 第二十一条至第二十三条")),
    ),
)
CHILD: Final = Procedure(
    "儿童保障认定程序（为保护儿童，不予公示）",
    (
        Step("investigate", "街道通过数据比对查验", 15, cite("unattended_opinion")),
        Step("confirm", "区民政局确认", 15, cite("unattended_opinion")),
    ),
)
MARGIN: Final = Procedure(
    "低保边缘家庭认定程序（参照低保）",
    (
        Step("investigate", "受理后启动家庭经济状况调查", 3, cite("dibao_rules 第十五条")),
        Step("confirm", "街道审核确认，自受理起办结", assumed=True, parameter="decision_working_days"),
    ),
)
RIGID: Final = Procedure(
    "刚性支出困难家庭认定程序",
    (
        Step("verify", "核对家庭经济状况和必要支出"),
        Step("confirm", "自受理起办结", 30, cite("rigid_rules")),
        Step("confirm_hard_case", "情况复杂的，最长", 45, cite("rigid_rules")),
    ),
)
TEMPORARY: Final = Procedure(
    "临时救助程序",
    (
        Step(
            "quick_relief",
            "急难型小额快救：不核对经济状况、不公示，办结",
            3,
            cite("temporary_opinion_2026"),
            working=False,
        ),
        Step("papers", "先行救助后补齐材料", 10, assumed=True),
        Step("confirm", "支出型、区级审核确认"),
        Step("deliberate", "超过封顶线的，由协调小组“一事一议”", None, cite("district_rules 四（二）")),
    ),
)
FOUR_LEVELS: Final = Response(
    "四级响应",
    around_the_clock=True,
    responders=(
        Responder("family", "老人家属"),
        Responder("service_firm", "服务企业"),
        Responder("community_grid", "社区网格"),
        Responder("district_platform", "区级平台"),
    ),
)
LEGAL_AID: Final = Procedure(
    "法律援助程序（免予核查经济困难状况）",
    (
        Step("decide", "法律援助机构作出决定", 7, cite("legal_aid_law 第四十三条"), working=False),
        Step("appoint", "决定后指派律师", 3, cite("legal_aid_law 第四十三条"), working=False),
        Step(
            "assign_at_trial",
            "审判阶段因经济困难没有委托辩护人的被告人，救助对象免予核查经济困难状况，收到法院通知后指派律师",
            3,
            cite("legal_aid_law 第三十六条"),
            working=False,
        ),
    ),
)
REFERRAL: Final = Procedure(
    "街道统一受理后转办",
    (
        Step("accept", "主管部门接收或退回", ACCEPT_WORKING_DAYS, assumed=True),
        Step("complete", "主管部门办结并反馈", COMPLETE_WORKING_DAYS, assumed=True),
    ),
)
