"""The toolbook as one printable page: HTML that needs neither script nor network, in Chinese."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eligibility.rules.engine.wording import day_of
from eligibility.rules.publication import publish
from shared.parameters import Parameters

_NUMERALS: Final = "零一二三四五六七八九十"

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def toolbook_page(on: date, parameters: Parameters | None = None) -> str:
    """The printable toolbook of a day."""
    return _ENVIRONMENT.get_template("toolbook.html").render(book=publish(on, parameters))


def _chinese_day(iso: str) -> str:
    return day_of(date.fromisoformat(iso))


def _clause(clause: str) -> str:
    """A clause as the policy text numbers it: 2.1 is 二（一）."""
    first, *rest = [_numeral(int(part)) for part in clause.split(".")[:2]]
    return first + "".join(f"（{part}）" for part in rest)


def _numeral(number: int) -> str:
    return _NUMERALS[number] if number <= 10 else f"十{_NUMERALS[number - 10]}"


def _by_id(policies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["policy"]: entry for entry in policies}


_ENVIRONMENT.filters.update(day=_chinese_day, clause=_clause, by_id=_by_id)
