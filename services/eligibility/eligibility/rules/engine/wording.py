"""Values, comparisons and names in plain Chinese, for explanations and for the published toolbook."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import inf
from typing import Any, Final

from eligibility.rules.engine.expressions import Unit
from eligibility.rules.engine.spans import Span
from eligibility.rules.facts.records import NEVER
from shared.money import FEN_PER_YUAN
from shared.parameters import ParameterValue

UNKNOWN: Final = "未知"
ASSUMED: Final = "〔暂定〕"
STATES: Final = {True: "成立", False: "不成立", None: "待核"}
ANSWERS: Final = {True: "符合", False: "不符合", None: "待核"}
OPPOSITES: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!="}
OPERATORS: Final = {"<": "低于", "<=": "不超过", ">": "超过", ">=": "不低于", "==": "为", "!=": "不为"}
AGES: Final = OPERATORS | {"<": "未满", ">=": "年满"}
DAYS: Final = OPERATORS | {"<": "早于", "<=": "不晚于", ">": "晚于", ">=": "不早于"}
YEARS: Final = "周岁"
WORKING_DAYS: Final = "个工作日"

PARAMETER_UNITS: Final = {
    "yuan": "元",
    "yuan/person/month": "元/人·月",
    "yuan/employed person/month": "元/就业者·月",
    "yuan/person/year": "元/人·年",
    "yuan/street": "元/街道",
    "ratio": "",
    "x urban_dibao_standard": "倍城市低保标准",
    "x urban_dibao_standard (strictly below)": "倍城市低保标准（须低于）",
    "share of float": "（占预置额）",
    "share of last year's spending": "（占上年度总支出）",
    "months": "个月",
    "working days": WORKING_DAYS,
    "points": "分",
    "persons": "人",
    "years": YEARS,
    "homes": "套",
    "vehicles": "辆",
    "items of 6": "项（共6项）",
    "hours/elder/month": "小时/人·月",
    "switch": "",
}
"""The units of parameters.yaml in words; one that is missing here is refused when the book is loaded."""

_MEASURES: Final = {
    "months": "个月", "working days": WORKING_DAYS, "points": "分", "persons": "人", "years": YEARS, "homes": "套",
    "vehicles": "辆", "items of 6": "项", "hours/elder/month": "小时",
}  # fmt: skip

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
    "full": "具备自理能力", "partial_loss": "部分丧失自理能力", "full_loss": "完全丧失自理能力",
    "quick_relief": "小额快救", "street_reserve": "街道临时救助备用金", "district": "区级审核确认",
    "special_deliberation": "协调小组一事一议",
}  # fmt: skip


def joined(words: str, value: str) -> str:
    """Words and what follows them: a space only before a figure."""
    return f"{words} {value}" if value[:1].isdigit() else words + value


def yuan(fen: Decimal | int) -> str:
    """Fen as yuan with thousands marked: 43,680.00."""
    return f"{Decimal(fen) / FEN_PER_YUAN:,.2f}"


def day_of(day: date) -> str:
    """A day as people write it: 2023年2月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def shown(value: Any, unit: Unit, scale: int = 1, measure: str = "") -> str:
    """A value as a reader wants it, with its unit; of an unknown number its least where there is one."""
    if value.__class__ is int:
        return _number(value, unit, scale, measure)
    if value is None or isinstance(value, Span):
        if value is None or value.low in (0, -inf):
            return UNKNOWN
        return f"{UNKNOWN}（至少 {_number(value.low, unit, scale, measure)}）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return "无" if value == NEVER else day_of(value)
    return str(WORDS.get(value, value))


def _number(value: float, unit: Unit, scale: int, measure: str) -> str:
    if scale == 1 and value.__class__ is int:
        # The common case, without decimals.
        if unit is Unit.FEN:
            return (
                f"{value // FEN_PER_YUAN:,}.{value % FEN_PER_YUAN:02d} 元" if value >= 0 else f"{yuan(int(value))} 元"
            )
        return f"{value} {measure}" if measure else str(value)
    exact = Decimal(value) / scale
    if unit is Unit.FEN:
        return f"{yuan(exact)} 元"
    return f"{exact.normalize():f} {measure}".rstrip()


def measure_of(unit_text: str) -> str:
    """The word after a count that is compared with a parameter of that unit."""
    return _MEASURES.get(unit_text, "")


def parameter_shown(value: ParameterValue) -> str:
    """The value of a parameter with its unit: 910.00 元/人·月, 6 个月, 是."""
    if value.unit == "switch":
        return "是" if value.value else "否"
    words = PARAMETER_UNITS.get(value.unit, value.unit)  # an operator's own may be in others
    if value.unit.startswith("yuan"):
        return f"{value.value:,.2f} {words}"
    return f"{value.value:f} {words}".rstrip()


def parameter_in_sum(value: ParameterValue) -> str:
    """The value of a parameter where it stands among others: 910.00 元, 6 个月, 1.5, 是."""
    if value.unit == "switch" or value.unit.startswith("yuan"):
        return parameter_shown(value).partition("/")[0]
    return f"{value.value:f} {measure_of(value.unit)}".rstrip()


def parameter_words(value: ParameterValue) -> str:
    """A parameter with its value, origin and first day, in one sentence."""
    origin = value.source or "尚无公布数值"
    sign = "：" if value.unit == "switch" else " "
    since = f"自{day_of(value.first_day)}起"
    return f"{value.label}{sign}{parameter_shown(value)}（{origin}，{since}）{ASSUMED * value.assumed}"
