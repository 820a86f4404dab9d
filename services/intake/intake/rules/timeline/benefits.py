"""What is paid every month, how it changes, and what is looked at again."""

from intake.rules import labels
from intake.rules.timeline.words import APPEAL, Line, Lines, day_shown
from shared.events import eligibility
from shared.money import format_yuan


def _benefit_started(event: eligibility.BenefitStarted) -> Line:
    amount = format_yuan(event.monthly_amount_fen)
    return Line(
        "benefit_started", f"{labels.policy(event.policy)}自{day_shown(event.starts_on)}起发放，每月{amount}元。"
    )


def _benefit_adjusted(event: eligibility.BenefitAdjusted) -> Line:
    old, new = format_yuan(event.old_amount_fen), format_yuan(event.new_amount_fen)
    text = f"{labels.policy(event.policy)}自{day_shown(event.from_on)}起由每月{old}元调整为每月{new}元。"
    text += _paid_after(event.back_pay_fen)
    return Line("benefit_adjusted", text + (APPEAL if event.new_amount_fen < event.old_amount_fen else ""))


def _paid_after(amount_fen: int) -> str:
    return f"已过月份的差额{format_yuan(amount_fen)}元将予补发。" if amount_fen else ""


def _benefit_suspended(event: eligibility.BenefitSuspended) -> Line:
    return Line("benefit_suspended", f"{labels.policy(event.policy)}自{day_shown(event.from_on)}起暂停发放。{APPEAL}")


def _benefit_resumed(event: eligibility.BenefitResumed) -> Line:
    amount = format_yuan(event.monthly_amount_fen)
    text = f"{labels.policy(event.policy)}自{day_shown(event.from_on)}起恢复，每月{amount}元。"
    return Line("benefit_resumed", text + _paid_after(event.back_pay_fen))


def _benefit_ended(event: eligibility.BenefitEnded) -> Line:
    return Line("benefit_ended", f"{labels.policy(event.policy)}发放至{day_shown(event.ends_on)}，此后终止。{APPEAL}")


def _grace_period_started(event: eligibility.GracePeriodStarted) -> Line:
    text = (
        f"因家庭成员就业、收入提高，{labels.policy(event.policy)}自{day_shown(event.starts_on)}起进入渐退期，"
        f"每月仍发放{format_yuan(event.monthly_amount_fen)}元，至{day_shown(event.ends_on)}结束。如收入再次减少，请及时告知街道。"
    )
    return Line("grace_period_started", text)


def _grace_period_ended(event: eligibility.GracePeriodEnded) -> Line:
    return Line("grace_period_ended", f"{labels.policy(event.policy)}的渐退期已于{day_shown(event.ends_on)}结束。")


def _review_due(event: eligibility.ReviewDue) -> Line:
    text = f"街道将在{day_shown(event.due_on)}前复核{labels.policy(event.policy)}，复核期间照常发放。"
    return Line("review_due", text)


def _review_overdue(event: eligibility.ReviewOverdue) -> Line:
    text = f"{labels.policy(event.policy)}应于{day_shown(event.due_on)}前复核，现已超过期限，"
    text += "已报告监督部门；待遇照常发放。"
    return Line("review_overdue", text)


def _hearing_opened(event: eligibility.HearingOpened) -> Line:
    planned = labels.BENEFIT_CHANGES[event.change]
    text = (
        f"街道拟自{day_shown(event.from_on)}起对{labels.policy(event.policy)}予以{planned}。决定之前，"
        f"您可在{day_shown(event.respond_by)}前向街道陈述意见，也可以请街道上门听取。"
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
        f"将在{day_shown(event.due_on)}前发放，您不需要申请。"
    )
    return Line("price_subsidy_due", text)


LINES: Lines = {
    eligibility.BenefitStarted: _benefit_started,
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
}
