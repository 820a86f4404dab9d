"""Emergency help from the street reserve."""

from intake.rules import labels
from intake.rules.timeline.words import APPEAL, Line, Lines, day_shown
from shared.events import emergency_fund
from shared.money import format_yuan
from shared.papers import paper_title


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
    return Line("paper_debt_opened", f"请在{day_shown(event.due_on)}前补交{paper_title(event.paper)}。")


def _paper_debt_settled(event: emergency_fund.PaperDebtSettled) -> Line:
    text = {"supplied": "已收到，谢谢。", "waived": "已免于补交。"}[event.outcome]
    return Line("paper_debt_settled", paper_title(event.paper) + text)


def _paper_debt_overdue(event: emergency_fund.PaperDebtOverdue) -> Line:
    text = f"{paper_title(event.paper)}应于{day_shown(event.due_on)}前补交，现已逾期，请尽快补交或与街道联系。"
    return Line("paper_debt_overdue", text)


def _grant_objected(event: emergency_fund.GrantObjected) -> Line:
    text = f"先行支付的急难救助{format_yuan(event.amount_fen)}元事后未获批准，街道将与您联系。"
    return Line("grant_objected", text + APPEAL)


def _paper_debt_recovered(event: emergency_fund.PaperDebtRecovered) -> Line:
    return Line("paper_debt_recovered", f"款项已退回，{paper_title(event.paper)}不需要再补交。")


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
    return Line("follow_up_opened", f"街道将在{day_shown(event.due_on)}前上门或来电，了解您家的情况。")


def _follow_up_completed(event: emergency_fund.FollowUpCompleted) -> Line:
    text = {
        "resolved": "街道已回访，困难已经缓解。",
        "needs_more_help": "街道已回访，您家还需要帮助。",
        "unreachable": "街道未能联系到您，请与街道联系。",
    }[event.outcome]
    if event.route is not None:
        text += labels.FOLLOW_UP_ROUTES[event.route] + "。"
    return Line("follow_up_completed", text)


LINES: Lines = {
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
