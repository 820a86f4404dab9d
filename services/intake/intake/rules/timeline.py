"""What the resident reads of each event (clauses 1.5, 8.7): a kind for programs and plain Chinese words for people.

No officer's name and no personal fact goes into a text. Looks at personal data are not here: data-sharing's access
ledger shows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from intake.rules import labels
from shared.clock import local_date
from shared.events import Event, data_sharing, departments, eligibility, emergency_fund
from shared.money import format_yuan

APPEAL = (
    "如对决定不服，可以自收到决定之日起60日内申请行政复议，"
    "或者自收到决定之日起6个月内向人民法院提起行政诉讼；也可以拨打12345反映，或向街道咨询。"
)
"""行政复议法 art 20, 行政诉讼法 art 46."""


@dataclass(frozen=True)
class Line:
    """What one event says on the time line."""

    kind: str
    text: str


def line_of(event: Event) -> Line:
    """The line of an event. Raises KeyError for an event that has no place on the time line."""
    return _LINES[type(event)](event)


def _verification_requested(event: data_sharing.VerificationRequested) -> Line:
    return Line(
        "verification_requested", f"正在向{labels.department(event.department)}核对家庭信息，您不需要自己去开证明。"
    )


def _verification_answered(event: data_sharing.VerificationAnswered) -> Line:
    said = {
        "matched": "已反馈核对结果。",
        "no_record": "已反馈：没有查到相关记录。",
        "error": "暂时无法核对，不影响您的申请继续办理。",
    }[event.outcome]
    return Line("verification_answered", labels.department(event.department) + said)


def _verification_completed(event: data_sharing.VerificationCompleted) -> Line:
    text = "家庭经济状况核对已完成。"
    if event.not_answered:
        text += f"{labels.departments(event.not_answered)}尚未反馈，相关信息按未知处理，不会当作不符合条件。"
    if event.difference_count:
        text += f"有{event.difference_count}项信息与您申报的不同，街道会向您核实。"
    return Line("verification_completed", text)


def _authorisation_ended(event: data_sharing.AuthorisationEnded) -> Line:
    text = {
        "withdrawn": "您家有成员撤回了核对授权，此后不再向各部门查询；如仍需救助，请重新签署授权书。",
        "benefit_ended": "待遇已终止，您家签署的核对授权书随之失效，不再向各部门查询。",
        "household_changed": "家庭成员有变化，原核对授权书已失效；需要重新核对时，请成年成员重新签署。",
    }[event.reason]
    return Line("authorisation_ended", text)


def _objection_raised(event: data_sharing.ObjectionRaised) -> Line:
    office, last_day = labels.department(event.department), _last_day(event.answer_by)
    return Line("objection_raised", f"已收到对核对结果的异议，{office}将在{last_day}前复核。")


def _objection_settled(event: data_sharing.ObjectionSettled) -> Line:
    said = {
        "corrected": "复核后已更正，街道会按更正后的信息重新评估。",
        "upheld": "复核后确认原结果无误。",
        "not_answered": "未能在期限内复核，街道会与您联系。",
    }[event.outcome]
    return Line("objection_settled", labels.department(event.department) + said)


def _assessment_completed(event: eligibility.AssessmentCompleted) -> Line:
    text = "已对照全部救助政策完成评估，街道工作人员将提出审核意见。"
    if event.undecided:
        text += f"其中{labels.policies(event.undecided)}因有信息尚未核实，暂不能判断。"
    return Line("assessment_completed", text)


def _measures(*, granted: tuple[str, ...], refused: tuple[str, ...], will: str) -> str:
    parts = []
    if granted:
        parts.append(f"{will}给予{labels.policies(granted)}")
    if refused:
        parts.append(f"{will}不予{labels.policies(refused)}")
    return "；".join(parts)


def _decision_proposed(event: eligibility.DecisionProposed) -> Line:
    measures = _measures(granted=event.granted, refused=event.refused, will="拟")
    return Line("decision_proposed", f"街道已提出审核意见：{measures}。意见须由另一名工作人员复核后生效。")


def _decision_returned(event: eligibility.DecisionReturned) -> Line:
    text = {
        "second_officer": "审核意见经复核被退回，街道将重新研究。",
        "objection": "公示期间收到异议，街道将重新调查核实。",
    }[event.cause]
    return Line("decision_returned", text)


def _public_notice_started(event: eligibility.PublicNoticeStarted) -> Line:
    return Line("public_notice_started", f"审核意见开始在社区公示7天，至{_day(event.ends_on)}结束。")


def _decision_confirmed(event: eligibility.DecisionConfirmed) -> Line:
    measures = _measures(granted=event.granted, refused=event.refused, will="")
    text = f"决定已生效：{measures}。"
    if event.refused:
        text += f"不予救助的理由写在决定书中，可在小程序“我的申请—决定”中查看，也可向街道索取。{APPEAL}"
    return Line(f"decision_{event.outcome}", text)


def _benefit_started(event: eligibility.BenefitStarted) -> Line:
    amount = format_yuan(event.monthly_amount_fen)
    return Line("benefit_started", f"{labels.policy(event.policy)}自{_day(event.starts_on)}起发放，每月{amount}元。")


def _decision_overdue(event: eligibility.DecisionOverdue) -> Line:
    text = f"您的申请应于{_day(event.decide_by)}前作出决定，现已超过期限，已报告监督部门。"
    return Line("decision_overdue", text)


def _benefit_adjusted(event: eligibility.BenefitAdjusted) -> Line:
    old, new = format_yuan(event.old_amount_fen), format_yuan(event.new_amount_fen)
    text = f"{labels.policy(event.policy)}自{_day(event.from_on)}起由每月{old}元调整为每月{new}元。"
    text += _paid_after(event.back_pay_fen)
    return Line("benefit_adjusted", text + (APPEAL if event.new_amount_fen < event.old_amount_fen else ""))


def _paid_after(amount_fen: int) -> str:
    return f"已过月份的差额{format_yuan(amount_fen)}元将予补发。" if amount_fen else ""


def _benefit_suspended(event: eligibility.BenefitSuspended) -> Line:
    return Line("benefit_suspended", f"{labels.policy(event.policy)}自{_day(event.from_on)}起暂停发放。{APPEAL}")


def _benefit_resumed(event: eligibility.BenefitResumed) -> Line:
    amount = format_yuan(event.monthly_amount_fen)
    text = f"{labels.policy(event.policy)}自{_day(event.from_on)}起恢复，每月{amount}元。"
    return Line("benefit_resumed", text + _paid_after(event.back_pay_fen))


def _benefit_ended(event: eligibility.BenefitEnded) -> Line:
    return Line("benefit_ended", f"{labels.policy(event.policy)}发放至{_day(event.ends_on)}，此后终止。{APPEAL}")


def _grace_period_started(event: eligibility.GracePeriodStarted) -> Line:
    text = (
        f"因家庭成员就业、收入提高，{labels.policy(event.policy)}自{_day(event.starts_on)}起进入渐退期，"
        f"每月仍发放{format_yuan(event.monthly_amount_fen)}元，至{_day(event.ends_on)}结束。如收入再次减少，请及时告知街道。"
    )
    return Line("grace_period_started", text)


def _grace_period_ended(event: eligibility.GracePeriodEnded) -> Line:
    return Line("grace_period_ended", f"{labels.policy(event.policy)}的渐退期已于{_day(event.ends_on)}结束。")


def _review_due(event: eligibility.ReviewDue) -> Line:
    text = f"街道将在{_day(event.due_on)}前复核{labels.policy(event.policy)}，复核期间照常发放。"
    return Line("review_due", text)


def _review_overdue(event: eligibility.ReviewOverdue) -> Line:
    text = f"{labels.policy(event.policy)}应于{_day(event.due_on)}前复核，现已超过期限，已报告监督部门；待遇照常发放。"
    return Line("review_overdue", text)


def _hearing_opened(event: eligibility.HearingOpened) -> Line:
    planned = labels.BENEFIT_CHANGES[event.change]
    text = (
        f"街道拟自{_day(event.from_on)}起对{labels.policy(event.policy)}予以{planned}。决定之前，"
        f"您可在{_day(event.respond_by)}前向街道陈述意见，也可以请街道上门听取。"
    )
    return Line("hearing_opened", text)


def _hearing_held(event: eligibility.HearingHeld) -> Line:
    return Line("hearing_held", f"您对{labels.policy(event.policy)}变更的意见已经记录，将在决定时一并考虑。")


def _household_change_reported(event: eligibility.HouseholdChangeReported) -> Line:
    text = "已收到家庭情况变化的报告，将重新评估；在作出决定之前，待遇照常发放。"
    if event.is_late:
        text += "家庭情况发生变化的，请在三个月内告知街道。"
    return Line("household_change_reported", text)


def _price_subsidy_due(event: eligibility.PriceSubsidyDue) -> Line:
    text = (
        f"{event.month.year}年{event.month.month}月价格临时补贴共{event.persons}人、{format_yuan(event.amount_fen)}元，"
        f"将在{_day(event.due_on)}前发放，您不需要申请。"
    )
    return Line("price_subsidy_due", text)


def _referral_issued(event: eligibility.ReferralIssued) -> Line:
    text = (
        f"“{labels.policy(event.policy)}”已转{labels.department(event.department)}办理，"
        f"该部门应在{_last_day(event.accept_by)}前受理、{_last_day(event.complete_by)}前办结，您不需要另行申请。"
    )
    return Line("referral_issued", text)


def _referral_accepted(event: departments.ReferralAccepted) -> Line:
    return Line("referral_accepted", f"{labels.department(event.department)}已受理“{labels.policy(event.policy)}”。")


def _referral_returned(event: departments.ReferralReturned) -> Line:
    text = (
        f"{labels.department(event.department)}退回了“{labels.policy(event.policy)}”，"
        f"原因：{labels.REFERRAL_RETURNS[event.reason_code]}。街道将决定下一步如何办理并告知您。"
    )
    return Line("referral_returned", text)


def _referral_completed(event: departments.ReferralCompleted) -> Line:
    text = (
        f"{labels.department(event.department)}已办结“{labels.policy(event.policy)}”："
        f"{labels.REFERRAL_RESULTS[event.result]}"
    )
    if event.amount_fen is not None:
        text += f"，金额{format_yuan(event.amount_fen)}元"
    return Line("referral_completed", text + "。")


def _referral_overdue(event: departments.ReferralOverdue) -> Line:
    late = {"acceptance": "未按时受理", "completion": "未按时办结"}[event.clock]
    text = f"{labels.department(event.department)}{late}“{labels.policy(event.policy)}”，已提醒该部门并报告监督部门。"
    return Line("referral_overdue", text)


def _grant_requested(event: emergency_fund.GrantRequested) -> Line:
    return Line("grant_requested", f"街道已提出急难救助{format_yuan(event.amount_fen)}元，等待另一名工作人员审批。")


def _grant_refused(event: emergency_fund.GrantRefused) -> Line:
    reason = {
        "not_below_limit": "街道备用金只能支付低于城市低保标准4倍的金额",
        "refused_by_officer": "审批人员未予同意，理由可向街道查询",
    }[event.reason_code]
    text = f"急难救助{format_yuan(event.amount_fen)}元未能由街道备用金支付：{reason}。"
    if event.route is not None:
        text += f"{labels.GRANT_ROUTES[event.route]}。"
    return Line("grant_refused", text + APPEAL)


def _grant_approved(event: emergency_fund.GrantApproved) -> Line:
    return Line("grant_approved", f"急难救助{format_yuan(event.amount_fen)}元已批准。")


def _grant_paid(event: emergency_fund.GrantPaid) -> Line:
    text = f"急难救助{format_yuan(event.amount_fen)}元已支付。"
    if event.open_debts:
        text += f"还有{event.open_debts}份材料可以事后补交，不影响已支付的款项。"
    return Line("grant_paid", text)


def _paper_debt_opened(event: emergency_fund.PaperDebtOpened) -> Line:
    return Line("paper_debt_opened", f"请在{_day(event.due_on)}前补交{labels.paper(event.paper)}。")


def _paper_debt_settled(event: emergency_fund.PaperDebtSettled) -> Line:
    text = {"supplied": "已收到，谢谢。", "waived": "已免于补交。"}[event.outcome]
    return Line("paper_debt_settled", labels.paper(event.paper) + text)


def _paper_debt_overdue(event: emergency_fund.PaperDebtOverdue) -> Line:
    text = f"{labels.paper(event.paper)}应于{_day(event.due_on)}前补交，现已逾期，请尽快补交或与街道联系。"
    return Line("paper_debt_overdue", text)


def _grant_objected(event: emergency_fund.GrantObjected) -> Line:
    text = f"先行支付的急难救助{format_yuan(event.amount_fen)}元事后未获批准，街道将与您联系。"
    return Line("grant_objected", text + APPEAL)


def _paper_debt_recovered(event: emergency_fund.PaperDebtRecovered) -> Line:
    return Line("paper_debt_recovered", f"款项已退回，{labels.paper(event.paper)}不需要再补交。")


def _payment_reversed(event: emergency_fund.PaymentReversed) -> Line:
    return Line("payment_reversed", f"已收到您退回的急难救助{format_yuan(event.amount_fen)}元。")


def _recovery_claimed(event: emergency_fund.RecoveryClaimed) -> Line:
    text = f"急难救助中有{format_yuan(event.amount_fen)}元不应支付，街道决定追回，理由和退回办法请向街道查询。"
    return Line("recovery_claimed", text + APPEAL)


def _amount_recovered(event: emergency_fund.AmountRecovered) -> Line:
    return Line("amount_recovered", f"已收到退回的急难救助{format_yuan(event.amount_fen)}元。")


def _amount_written_off(event: emergency_fund.AmountWrittenOff) -> Line:
    return Line("amount_written_off", f"区里已决定不再追回急难救助{format_yuan(event.amount_fen)}元。")


def _stage_paid(event: emergency_fund.StagePaid) -> Line:
    text = f"急难救助第{event.number}阶段（共{event.stages}阶段）{format_yuan(event.amount_fen)}元已支付。"
    if event.open_debts:
        text += f"还有{event.open_debts}份材料可以事后补交，不影响已支付的款项。"
    return Line("stage_paid", text)


def _plan_stopped(event: emergency_fund.PlanStopped) -> Line:
    text = f"急难救助其余{format_yuan(event.amount_fen)}元不再支付，理由可向街道查询。"
    return Line("plan_stopped", text + APPEAL)


def _follow_up_opened(event: emergency_fund.FollowUpOpened) -> Line:
    return Line("follow_up_opened", f"街道将在{_day(event.due_on)}前上门或来电，了解您家的情况。")


def _follow_up_completed(event: emergency_fund.FollowUpCompleted) -> Line:
    text = {
        "resolved": "街道已回访，困难已经缓解。",
        "needs_more_help": "街道已回访，您家还需要帮助。",
        "unreachable": "街道未能联系到您，请与街道联系。",
    }[event.outcome]
    if event.route is not None:
        text += labels.FOLLOW_UP_ROUTES[event.route] + "。"
    return Line("follow_up_completed", text)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _last_day(instant: datetime) -> str:
    """The last day of a period that ends, half open, at this instant."""
    return _day(local_date(instant - timedelta(microseconds=1)))


_LINES: Mapping[type[Event], Callable[[Any], Line]] = {
    data_sharing.VerificationRequested: _verification_requested,
    data_sharing.VerificationAnswered: _verification_answered,
    data_sharing.VerificationCompleted: _verification_completed,
    data_sharing.AuthorisationEnded: _authorisation_ended,
    data_sharing.ObjectionRaised: _objection_raised,
    data_sharing.ObjectionSettled: _objection_settled,
    eligibility.AssessmentCompleted: _assessment_completed,
    eligibility.DecisionProposed: _decision_proposed,
    eligibility.DecisionReturned: _decision_returned,
    eligibility.PublicNoticeStarted: _public_notice_started,
    eligibility.DecisionConfirmed: _decision_confirmed,
    eligibility.BenefitStarted: _benefit_started,
    eligibility.DecisionOverdue: _decision_overdue,
    eligibility.BenefitAdjusted: _benefit_adjusted,
    eligibility.BenefitSuspended: _benefit_suspended,
    eligibility.BenefitResumed: _benefit_resumed,
    eligibility.BenefitEnded: _benefit_ended,
    eligibility.GracePeriodStarted: _grace_period_started,
    eligibility.GracePeriodEnded: _grace_period_ended,
    eligibility.ReviewDue: _review_due,
    eligibility.ReviewOverdue: _review_overdue,
    eligibility.HearingOpened: _hearing_opened,
    eligibility.HearingHeld: _hearing_held,
    eligibility.HouseholdChangeReported: _household_change_reported,
    eligibility.PriceSubsidyDue: _price_subsidy_due,
    eligibility.ReferralIssued: _referral_issued,
    departments.ReferralAccepted: _referral_accepted,
    departments.ReferralReturned: _referral_returned,
    departments.ReferralCompleted: _referral_completed,
    departments.ReferralOverdue: _referral_overdue,
    emergency_fund.GrantRequested: _grant_requested,
    emergency_fund.GrantRefused: _grant_refused,
    emergency_fund.GrantApproved: _grant_approved,
    emergency_fund.GrantPaid: _grant_paid,
    emergency_fund.GrantObjected: _grant_objected,
    emergency_fund.PaperDebtOpened: _paper_debt_opened,
    emergency_fund.PaperDebtSettled: _paper_debt_settled,
    emergency_fund.PaperDebtOverdue: _paper_debt_overdue,
    emergency_fund.PaperDebtRecovered: _paper_debt_recovered,
    emergency_fund.PaymentReversed: _payment_reversed,
    emergency_fund.RecoveryClaimed: _recovery_claimed,
    emergency_fund.AmountRecovered: _amount_recovered,
    emergency_fund.AmountWrittenOff: _amount_written_off,
    emergency_fund.StagePaid: _stage_paid,
    emergency_fund.PlanStopped: _plan_stopped,
    emergency_fund.FollowUpOpened: _follow_up_opened,
    emergency_fund.FollowUpCompleted: _follow_up_completed,
}

EVENTS: tuple[type[Event], ...] = tuple(_LINES)
"""Every event that has a line."""
