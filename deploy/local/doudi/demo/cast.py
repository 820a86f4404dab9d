"""The people of the story: made-up names and numbers (region 420199) around the worked households, and what the
departments' registers know of them.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from stdnum.cn.ric import calc_check_digit

_CASES = Path(__file__).parent / "cases"
_UNASSIGNED_REGION = "420199"
_ADULT_YEARS = 18

NAMES = {
    "H01": {"p1": "周大川", "p2": "林秀", "p3": "周小川"},
    "H02": {"p1": "陈长贵", "p2": "吴桂香"},
    "H16b": {"p1": "马远", "p2": "沈青禾"},
}
NEIGHBOURS = (("徐立", "钱珍"), ("孙浩然", "李玉"), ("高原", "冯月"), ("郑", "何秋菊"))
"""Four more households of the house that burnt."""


@dataclass(frozen=True)
class Household:
    """A worked case with people in it."""

    case: str
    as_of: date
    facts: dict[str, Any]
    names: dict[str, str]
    numbers: dict[str, str]

    @property
    def street(self) -> str:
        """Nine-digit code."""
        return str(self.facts["street"])

    def submission(self, *, signed_on: date) -> dict[str, Any]:
        """一证两书, as the mini-program sends it."""
        members = [
            {**member, "name": self.names[member["id"]], "identity_number": self.numbers[member["id"]]}
            for member in self.facts["members"]
        ]
        adults = [
            member["id"]
            for member in self.facts["members"]
            if _age(date.fromisoformat(member["birth_date"]), signed_on) >= _ADULT_YEARS
        ]
        return {
            "requested": ["dibao"],
            "household": {**self.facts, "members": members},
            "authorisation": {"signed_by": adults, "signed_on": signed_on.isoformat()},
            "commitment": {"signed_by": "p1", "signed_on": signed_on.isoformat()},
        }

    def registration(self) -> dict[str, Any]:
        """What a clerk knows of a household in trouble."""
        return {
            "street": self.street,
            "members": [
                {
                    "id": member["id"],
                    "name": self.names[member["id"]],
                    "identity_number": self.numbers[member["id"]],
                    "relation": member["relation"],
                    "birth_date": member["birth_date"],
                    "sex": member["sex"],
                }
                for member in self.facts["members"]
            ],
        }

    def personal_words(self) -> list[str]:
        """What must stand on no topic, in no log and in no metric."""
        return [*self.numbers.values(), *(name for name in self.names.values() if len(name) > 1)]


def household(case: str, *, names: dict[str, str] | None = None, sequence: int = 100) -> Household:
    """A case of the packaged ones. `sequence` keeps the numbers of two households apart."""
    document = json.loads((_CASES / f"{case}.json").read_text(encoding="utf-8"))
    facts = document["household"]
    numbers = {}
    for offset, member in enumerate(facts["members"]):
        numbers[member["id"]] = _number(member["birth_date"], sequence + 2 * offset, member["sex"])
    return Household(case, date.fromisoformat(document["as_of"]), facts, names or NAMES[case], numbers)


def _number(birth_date: str, sequence: int, sex: str) -> str:
    odd = sequence | 1
    body = f"{_UNASSIGNED_REGION}{birth_date.replace('-', '')}{odd if sex == 'M' else odd - 1:03d}"
    return body + str(calc_check_digit(body + "0"))  # it leaves the last character out


def _age(birth_date: date, on: date) -> int:
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def register_records(home: Household) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What each department's register knows: (department, data set) to records."""
    as_of = home.as_of.isoformat()
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def know(department: str, data_set: str, number: str, fields: dict[str, Any]) -> None:
        record = {"identity_number": number, "fields": fields, "valid_from": "2022-01-01", "as_of": as_of}
        found.setdefault((department, data_set), []).append(record)

    for member in home.facts["members"]:
        number = home.numbers[member["id"]]
        know(
            "public_security",
            "household_register",
            number,
            {key: member[key] for key in ("birth_date", "sex", "registration")},
        )
        if "employment" in member:
            know("human_resources", "employment_register", number, member["employment"])
        for income in member.get("income", ()):
            if income["kind"] == "wage":
                know("tax", "individual_income", number, {"wage": income["monthly"]})
            if income["kind"] == "pension":
                know("human_resources", "pension_register", number, {"pension": income["monthly"]})
        if "school" in member:
            know("education", "school_register", number, {"stage": member["school"]["stage"]})
    return found
