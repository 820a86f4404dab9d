"""Values and names in plain Chinese, for explanations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import inf
from typing import Any, Final

from eligibility.rules.engine.expressions import Unit
from eligibility.rules.engine.spans import Span
from eligibility.rules.facts.records import NEVER
from shared.money import FEN_PER_YUAN

UNKNOWN: Final = "未知"
STATES: Final = {True: "成立", False: "不成立", None: "待核"}
ANSWERS: Final = {True: "符合", False: "不符合", None: "待核"}
OPERATORS: Final = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "="}
OPPOSITES: Final = {"<": "≥", "<=": ">", ">": "≤", ">=": "<", "==": "≠"}

WORDS: Final = {
    "": "无",
    "applicant": "申请人", "spouse": "配偶", "child": "子女", "grandchild": "孙子女", "father": "父亲",
    "mother": "母亲", "grandparent": "祖父母", "sibling": "兄弟姐妹", "other": "其他",
    "employed": "在职", "flexible": "灵活就业", "self_employed": "自主创业", "unemployed": "失业", "retired": "退休",
    "unable": "无劳动能力", "student": "学生", "urban": "城镇", "rural": "农村",
    "sight": "视力", "hearing": "听力", "speech": "言语", "limb": "肢体", "intellectual": "智力", "mental": "精神",
    "multiple": "多重",
    "malignant_tumour": "恶性肿瘤", "kidney_failure": "肾功能衰竭", "coronary_surgery": "冠状动脉搭桥及支架术",
    "leukaemia": "白血病", "organ_transplant": "器官移植",
    "kindergarten": "幼儿园", "primary": "小学", "junior_secondary": "初中", "senior_secondary": "高中",
    "secondary_vocational": "中专", "undergraduate": "本专科", "postgraduate": "研究生",
    "alive": "健在", "dead": "死亡", "missing": "失踪", "severely_disabled": "重残", "seriously_ill": "重病",
    "imprisoned": "服刑", "compulsory_rehab": "强制隔离戒毒", "detained": "被限制人身自由", "out_of_contact": "失联",
    "guardianship_revoked": "被撤销监护资格", "deported": "被遣送出境", "disabled": "残疾",
    "fire": "火灾", "traffic_accident": "交通事故", "accident": "意外事故", "serious_illness": "重大疾病",
    "epidemic": "疫情", "public_emergency": "突发公共事件",
}  # fmt: skip


def yuan(fen: Decimal | int) -> str:
    """Fen as yuan with thousands marked: 43,680.00."""
    return f"{Decimal(fen) / FEN_PER_YUAN:,.2f}"


def shown(value: Any, unit: Unit, scale: int, label: str) -> str:
    """A value as a reader wants it; an unknown one with its name, and with its least where there is one."""
    if value is None or isinstance(value, Span):
        known = "" if value is None or value.low in (0, -inf) else f"（至少 {_number(value.low, unit, scale)}）"
        return f"{label} {UNKNOWN}{known}".strip()
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return "无" if value == NEVER else value.isoformat()
    return WORDS.get(value, value) if isinstance(value, str) else _number(value, unit, scale)


def _number(value: float, unit: Unit, scale: int) -> str:
    exact = Decimal(value) / scale
    return yuan(exact) if unit is Unit.FEN else f"{exact.normalize():f}"
