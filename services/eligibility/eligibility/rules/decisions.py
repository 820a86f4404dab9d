"""From advice to decision: what a clerk's proposal grants and refuses, and how it comes into force.

Clauses 8.1 and 2.1; 最低生活保障审核确认办法 (民发〔2021〕57号) arts 19 to 21: the opinion hangs seven days in the
community, benefits run from the month after. The engine advises; two named officers decide
(Personal Information Protection Law art. 24).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from eligibility.rules.procedures import PUBLIC_NOTICE_DAYS
from shared.money import parse_yuan
from shared.working_days import WorkingCalendar

CIVIL_AFFAIRS = "civil_affairs"
_GRACE = "dibao_grace"
# Civil affairs pays these through eligibility itself or through the street reserve: nobody is asked to act.
TEMPORARY_ASSISTANCE = "temporary_assistance"
_NOT_REFERRED = frozenset({TEMPORARY_ASSISTANCE})


class DecisionState(StrEnum):
    """Where a decision stands."""

    PROPOSED = "proposed"
    ON_NOTICE = "on_notice"
    IN_FORCE = "in_force"
    RETURNED = "returned"


class Step(StrEnum):
    """What may happen to a decision."""

    CONFIRM_WITH_NOTICE = "confirm_with_notice"
    CONFIRM = "confirm"
    RETURN = "return"
    OBJECT = "object"
    END_NOTICE = "end_notice"


TRANSITIONS: Mapping[tuple[DecisionState, Step], DecisionState] = {
    (DecisionState.PROPOSED, Step.CONFIRM_WITH_NOTICE): DecisionState.ON_NOTICE,
    (DecisionState.PROPOSED, Step.CONFIRM): DecisionState.IN_FORCE,
    (DecisionState.PROPOSED, Step.RETURN): DecisionState.RETURNED,
    (DecisionState.ON_NOTICE, Step.OBJECT): DecisionState.RETURNED,
    (DecisionState.ON_NOTICE, Step.END_NOTICE): DecisionState.IN_FORCE,
}


def next_state(state: DecisionState, step: Step) -> DecisionState | None:
    """Where the step leads, or None where it is not open."""
    return TRANSITIONS.get((state, step))


@dataclass(frozen=True, kw_only=True)
class PolicyAnswer:
    """The engine's answer on one policy."""

    policy: str
    title: str
    clause: str
    department: str
    kind: str
    eligible: bool | None
    monthly_amount_fen: int | None
    person_refs: tuple[str, ...]
    public_notice: bool
    on_request: bool
    district_home_visit: bool
    reason: str
    awaited: tuple[str, ...]
    route: str | None = None
    """Who decides on temporary assistance; no other policy has routes."""
    last_day: date | None = None
    """Of the grace period, by default; no other policy has one."""
    months_at_most: int | None = None
    """How long an identification lasts, where it ends by itself."""


def policy_answers(result: Mapping[str, Any]) -> dict[str, PolicyAnswer]:
    """The answers in the JSON of an assessment."""
    return {policy: _policy_answer(policy, answer) for policy, answer in result["policies"].items()}


def _policy_answer(policy: str, answer: Mapping[str, Any]) -> PolicyAnswer:
    amount = answer.get("monthly_amount")
    return PolicyAnswer(
        policy=policy,
        title=answer["title"],
        clause=answer["clause"],
        department=answer["department"],
        kind=answer["kind"],
        eligible=answer["eligible"],
        monthly_amount_fen=None if amount is None else parse_yuan(amount),
        person_refs=tuple(answer.get("persons", ())),
        public_notice=answer["public_notice"],
        on_request=answer["on_request"],
        district_home_visit=answer.get("district_home_visit", False),
        reason="；".join(answer["explanation"]["text"]),
        awaited=tuple(sorted({one["label"] for one in answer["explanation"]["awaits"]})),
        route=answer.get("route"),
        last_day=None if answer.get("ends_on") is None else date.fromisoformat(answer["ends_on"]),
        months_at_most=answer.get("months_at_most"),
    )


@dataclass(frozen=True, kw_only=True)
class Override:
    """An officer decides other than the engine advised."""

    policy: str
    granted: bool
    monthly_amount_fen: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One policy in a decision."""

    answer: PolicyAnswer
    granted: bool
    monthly_amount_fen: int | None
    reason: str
    differs_from_assessment: bool

    @property
    def needs_notice(self) -> bool:
        """Only what is granted hangs in the community, and never a child's case."""
        return self.granted and self.answer.public_notice

    def exceeds_ordinary_standard(self, cap_fen: int) -> bool:
        """Temporary assistance above its cap, which only the coordination group can resolve (clause 4.2.4)."""
        return (
            self.granted
            and self.answer.policy == TEMPORARY_ASSISTANCE
            and (self.answer.route == "special_deliberation" or (self.monthly_amount_fen or 0) > cap_fen)
        )

    @property
    def is_monthly_benefit(self) -> bool:
        """Paid every month by civil affairs."""
        return (
            self.granted
            and self.answer.kind == "cash_monthly"
            and self.answer.department == CIVIL_AFFAIRS
            and bool(self.monthly_amount_fen)
        )

    @property
    def is_referred(self) -> bool:
        """Another service must act: a department's own measure, or a service of civil affairs."""
        return (
            self.granted
            and not self.is_monthly_benefit
            and self.answer.kind != "identification"
            and self.answer.policy not in _NOT_REFERRED
        )


class ProposalImpossible(Exception):
    """A proposal that cannot be made; `policies` says about which."""

    def __init__(self, code: str, policies: Sequence[str], detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.policies = tuple(policies)
        self.detail = detail


def propose(
    answers: Mapping[str, PolicyAnswer],
    *,
    requested: Sequence[str],
    overrides: Sequence[Override],
    settled: Collection[str] = (),
    lost: Collection[str] = (),
) -> list[Measure]:
    """Everything the household is entitled to, what it asked for and is refused, and what the officer changed.

    A policy on request is proposed where it was requested or where the officer, who has asked the family, names it.
    What is `settled` runs already and is not decided a second time: a benefit in payment is changed, not granted anew.
    So is the grace period, in which a benefit only goes on. What is `lost` is refused, which ends it.

    Raises ProposalImpossible where an override names no policy or one that is settled, or where a requested policy
    waits for a fact and the officer has not decided it.
    """
    settled = {*settled, _GRACE} - set(lost)
    changed = {override.policy: override for override in overrides}
    running = sorted(changed.keys() & settled)
    if running:
        raise ProposalImpossible("already_settled", running, "该项正在执行，请通过待遇变更办理")
    unknown = sorted(changed.keys() - answers.keys())
    if unknown:
        raise ProposalImpossible("unknown_policy", unknown, "工具书中没有此项政策")
    # Intake does not know the toolbook: what it let through and we do not have, nobody can be granted or refused.
    requested = [policy for policy in requested if policy in answers and policy not in settled]
    waiting = [policy for policy in requested if policy not in changed and answers[policy].eligible is None]
    if waiting:
        awaited = sorted({fact for policy in waiting for fact in answers[policy].awaited})
        raise ProposalImpossible("facts_awaited", waiting, "尚待核实：" + "、".join(awaited))
    measures = []
    for policy, answer in sorted(answers.items()):
        if policy in settled:
            continue
        override = changed.get(policy)
        if override is not None:
            measures.append(_overridden(answer, override))
        elif policy in requested or policy in lost or (answer.eligible and not answer.on_request):
            measures.append(
                Measure(
                    answer=answer,
                    granted=bool(answer.eligible),
                    monthly_amount_fen=answer.monthly_amount_fen if answer.eligible else None,
                    reason=answer.reason,
                    differs_from_assessment=False,
                )
            )
    return measures


def lost_identifications(answers: Mapping[str, PolicyAnswer], recognised: Mapping[str, date | None]) -> frozenset[str]:
    """Identifications without an end of their own whose ground is gone: no change of a benefit ends them, and they
    would stand for ever. `recognised`: those in force, with the day on which each ends by itself.
    """
    return frozenset(
        policy for policy, until in recognised.items() if until is None and answers[policy].eligible is False
    )


def _overridden(answer: PolicyAnswer, override: Override) -> Measure:
    amount_fen = override.monthly_amount_fen if override.granted else None
    return Measure(
        answer=answer,
        granted=override.granted,
        monthly_amount_fen=amount_fen,
        reason=override.reason,
        differs_from_assessment=override.granted != answer.eligible
        or (override.granted and amount_fen != answer.monthly_amount_fen),
    )


def outcome_of(measures: Sequence[Measure], *, requested: Sequence[str], settled: Collection[str] = ()) -> str:
    """`refused` where nothing that was asked for is granted or runs already; other measures may still be granted."""
    if any(policy in settled for policy in requested):
        return "granted"
    asked = [measure for measure in measures if measure.answer.policy in requested]
    return "granted" if any(measure.granted for measure in asked) else "refused"


def decide_by(accepted_on: date, *, working_days: int, calendar: WorkingCalendar) -> date:
    """The last day of the whole procedure; the day of acceptance does not count (57 art. 22)."""
    return calendar.add_working_days(accepted_on, working_days)


def notice_ends_on(confirmed_on: date, calendar: WorkingCalendar) -> date:
    """The last day of the public notice; the day it is posted does not count."""
    return calendar.add_days(confirmed_on, PUBLIC_NOTICE_DAYS)


APPEAL_ROUTES = (
    "对决定不服的，可自知道之日起60日内向武昌区人民政府申请行政复议",
    "也可自知道之日起6个月内依法向人民法院提起行政诉讼",
    "咨询与投诉：12345 政务服务便民热线，或所在街道社会救助窗口",
)
"""Told with every refusal (Social Assistance Law art. 76; 行政复议法; 行政诉讼法)."""
