"""What other departments do for the household."""

from intake.rules import labels
from intake.rules.timeline.words import Line, Lines, last_day_shown
from shared.events import departments, eligibility
from shared.money import format_yuan


def _referral_issued(event: eligibility.ReferralIssued) -> Line:
    text = (
        f"“{labels.policy(event.policy)}”已转{labels.department(event.department)}办理，"
        f"该部门应在{last_day_shown(event.accept_by)}前受理、{last_day_shown(event.complete_by)}前办结，您不需要另行申请。"
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


LINES: Lines = {
    eligibility.ReferralIssued: _referral_issued,
    departments.ReferralAccepted: _referral_accepted,
    departments.ReferralReturned: _referral_returned,
    departments.ReferralCompleted: _referral_completed,
    departments.ReferralOverdue: _referral_overdue,
}
