"""What the bodies are called that carry out policies, and those that hold facts. Codes as in the clause register.

No service may import another, so the names of the departments stand here too; tests hold them equal with the
configuration of `departments` and the catalogue of `data-sharing`.
"""

from typing import Final

DEPARTMENTS: Final = {
    "civil_affairs": "区民政局",
    "finance": "区财政局",
    "development_reform": "区发改局",
    "education": "区教育局",
    "justice": "区司法局",
    "human_resources": "区人力资源局",
    "construction": "区建设局",
    "health": "区卫健局",
    "emergency_management": "区应急局",
    "housing": "区房管局",
    "medical_security": "区医保局",
    "trade_union": "区总工会",
    "disabled_federation": "区残联",
    "public_security": "武昌公安分局",
    "tax": "区税务局",
    "market_regulation": "区市场监管局",
    "big_data_centre": "区大数据中心",
}

HOLDERS: Final = DEPARTMENTS | {"street": "街道入户调查", "applicant": "申请人申报"}
"""Who can answer for a fact: a department's register, or where none holds it, the street's visit or the applicant."""
