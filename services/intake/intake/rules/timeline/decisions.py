"""Assessment, opinion, notice, decision."""

from intake.rules import labels
from intake.rules.timeline.words import APPEAL, Line, Lines, day_shown
from shared.events import eligibility


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
    return Line("public_notice_started", f"审核意见开始在社区公示7天，至{day_shown(event.ends_on)}结束。")


def _decision_confirmed(event: eligibility.DecisionConfirmed) -> Line:
    measures = _measures(granted=event.granted, refused=event.refused, will="")
    text = f"决定已生效：{measures}。"
    if event.refused:
        text += f"不予救助的理由写在决定书中，可在小程序“我的申请—决定”中查看，也可向街道索取。{APPEAL}"
    return Line(f"decision_{event.outcome}", text)


def _decision_overdue(event: eligibility.DecisionOverdue) -> Line:
    text = f"您的申请应于{day_shown(event.decide_by)}前作出决定，现已超过期限，已报告监督部门。"
    return Line("decision_overdue", text)


LINES: Lines = {
    eligibility.AssessmentCompleted: _assessment_completed,
    eligibility.DecisionProposed: _decision_proposed,
    eligibility.DecisionReturned: _decision_returned,
    eligibility.PublicNoticeStarted: _public_notice_started,
    eligibility.DecisionConfirmed: _decision_confirmed,
    eligibility.DecisionOverdue: _decision_overdue,
}
