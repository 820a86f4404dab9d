"""What was asked and found before a decision: letters, answers of departments, objections, papers."""

from intake.rules import labels
from intake.rules.timeline.words import Line, Lines, day_shown, last_day_shown
from shared.events import data_sharing
from shared.papers import paper_title


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
    office, last_day = labels.department(event.department), last_day_shown(event.answer_by)
    return Line("objection_raised", f"已收到对核对结果的异议，{office}将在{last_day}前复核。")


def _objection_settled(event: data_sharing.ObjectionSettled) -> Line:
    corrected = "街道会按更正后的信息重新评估。" if event.is_of_facts else "该项信息不影响已作出的评估。"
    said = {
        "corrected": f"复核后已更正，{corrected}",
        "upheld": "复核后确认原结果无误。",
        "not_answered": "未能在期限内复核，街道会与您联系。",
    }[event.outcome]
    return Line("objection_settled", labels.department(event.department) + said)


def _paper_requested(event: data_sharing.PaperRequested) -> Line:
    text = (
        f"请在{day_shown(event.due_on)}前向街道提交{paper_title(event.paper)}，用途可在小程序“我的申请—材料”中查看。"
        "暂时拿不到也不影响街道按期作出决定。"
    )
    return Line("paper_requested", text)


def _paper_request_settled(event: data_sharing.PaperRequestSettled) -> Line:
    text = {"supplied": "已收到，谢谢。", "withdrawn": "不需要再提交。"}[event.outcome]
    return Line("paper_request_settled", paper_title(event.paper) + text)


LINES: Lines = {
    data_sharing.VerificationRequested: _verification_requested,
    data_sharing.VerificationAnswered: _verification_answered,
    data_sharing.VerificationCompleted: _verification_completed,
    data_sharing.AuthorisationEnded: _authorisation_ended,
    data_sharing.ObjectionRaised: _objection_raised,
    data_sharing.ObjectionSettled: _objection_settled,
    data_sharing.PaperRequested: _paper_requested,
    data_sharing.PaperRequestSettled: _paper_request_settled,
}
