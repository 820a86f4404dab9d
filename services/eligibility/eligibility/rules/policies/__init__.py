"""The policies of the toolbook, one module per group of clauses, bound together and checked when loaded."""

from pathlib import Path

from eligibility.rules.engine.toolbook import Toolbook, bind
from eligibility.rules.policies import (
    children,
    dibao,
    disabled,
    elderly,
    families_and_workers,
    foundations,
    hardship,
    low_income,
    special_assistance,
    tekun,
    temporary,
)
from shared.parameters import Parameters

PARAMETERS = Parameters.load(Path(__file__).parent.parent / "parameters.yaml")
"""The amounts and limits packed with the rules; an operator may put others in their place."""

_CHAPTERS = (
    foundations, tekun, children, dibao, low_income, special_assistance, elderly, disabled, families_and_workers,
    temporary, hardship,
)  # fmt: skip

TOOLBOOK: Toolbook = bind([chapter.book for chapter in _CHAPTERS], PARAMETERS)
"""武昌区分层分类社会救助政策工具书."""
