"""What a caller is told whose look is refused: a status, a code, a way out, and nothing of what was not shown."""

from shared.problems import Problem, not_found

_REFUSALS: dict[str, tuple[int, str, str]] = {
    "not_permitted": (403, "该用途不对本系统开放", "请以目录中登记的用途和系统申请"),
    "not_open_to_asker": (403, "该数据集依法不向民政部门开放", "请删去该数据集后重新提交"),
    "purpose_not_authorised": (403, "授权书未包含该用途", "请由家庭成员重新签署授权书"),
    "field_not_authorised": (403, "授权书未包含所需信息项", "请由家庭成员重新签署授权书"),
    "authorisation_missing": (403, "成年家庭成员尚未全部签署授权书", "请由未签署的成年成员签署授权书"),
    "authorisation_not_in_force": (403, "授权书不在有效期内", "请由家庭成员重新签署授权书"),
    "authorisation_withdrawn": (403, "授权已被撤回", "如仍需救助，请由家庭成员重新签署授权书"),
    "authorisation_ended": (403, "授权已随待遇终止或家庭变化而失效", "请由家庭成员重新签署授权书"),
    "consent_missing": (403, "家庭以外的法定义务人尚未同意核对", "请先取得其本人签署的授权书"),
    "grant_unknown": (403, "查询凭证不属于本次核对请求", "请重新查看核对请求，使用新的查询凭证"),
    "grant_expired": (403, "查询凭证已过期", "请重新查看核对请求，使用新的查询凭证"),
    "unmask_not_permitted": (403, "无权查看未脱敏的信息", "请查看脱敏版本，或申请相应权限"),
    "not_completed": (409, "经济状况核对尚未完成", "请在核对完成后再试"),
    "verification_expired": (409, "经济状况核对已超过有效期", "请重新发起核对"),
    "agreement_missing": (403, "没有为该用途订立的共享协议", "请先向数据提供部门申请共享"),
    "agreement_not_in_force": (403, "共享协议不在有效期内、未获同意或已暂停", "请与数据提供部门联系"),
    "field_not_in_agreement": (403, "共享协议未包含所需信息项", "请向数据提供部门申请增加信息项"),
    "quota_spent": (429, "今日的共享次数已用完", "请于次日再试，或向数据提供部门申请增加次数"),
}
"""Status, title and way out by refusal. A refusal that is not here is answered as not found."""


def refused(refusal: str, what: tuple[str, object]) -> Problem:
    """The problem of a refusal. `what`: the kind of thing that was looked at, and its id."""
    if refusal not in _REFUSALS:
        return not_found(*what)
    status, title, way_out = _REFUSALS[refusal]
    return Problem(status, refusal, title, f"{what[0]} {what[1]}：{title}", way_out=way_out)
