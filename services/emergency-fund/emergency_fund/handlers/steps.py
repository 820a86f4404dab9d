"""Which step of a grant is possible, and for whom."""

from typing import Any

from emergency_fund.rules.grant import GrantAction, GrantState, NotPossibleNow, may_decide, next_state
from shared.auth import Principal
from shared.problems import Problem

_STATE_WORDS = {
    GrantState.REQUESTED: "待审批",
    GrantState.APPROVED: "已审批、待支付",
    GrantState.REFUSED: "已拒绝",
    GrantState.PAID_UNAPPROVED: "已先行支付、待审批",
    GrantState.OBJECTED: "先行支付后未获批准、待追回",
    GrantState.IN_STAGES: "分阶段支付中",
    GrantState.PAID: "已支付、材料待补",
    GrantState.CLOSED: "已办结",
    GrantState.RECOVERING: "已支付、正在追回",
    GrantState.RETURNED: "款项已全部退回",
}


def require_other_person(caller: Principal, grant: Any) -> None:
    """Raises Problem 403 for the person who asked for the grant."""
    require_other_than(grant.requested_by, caller, what=f"支付单 {grant.grant_id}")


def require_other_than(requested_by: str, caller: Principal, *, what: str) -> None:
    """Raises Problem 403 for the person who asked for what is to be decided."""
    if not may_decide(caller.subject, requested_by=requested_by):
        raise Problem(
            403,
            "same_person",
            "经办人不能审批自己的申请",
            f"{what} 由 {caller.subject} 本人申请",
            way_out="请由另一名有审批权限的人员办理",
        )


def state_after(grant: Any, action: GrantAction) -> GrantState:
    """The state that an action leads to. Raises Problem 409."""
    try:
        return next_state(GrantState(grant.state), action)
    except NotPossibleNow as error:
        raise Problem(
            409,
            "not_possible_now",
            "支付单的当前状态不允许此操作",
            f"支付单 {grant.grant_id} {_STATE_WORDS[error.state]}",
            field="state",
            value=error.state,
            way_out="请查看支付单的当前状态",
        ) from error
