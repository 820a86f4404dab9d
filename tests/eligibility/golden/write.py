"""Adds a golden assessment: `python tests/eligibility/golden/write.py CASE FILE`, when the engine or its words changed
on purpose. The ones that are there stay as they are: they must replay for ever (decision 14).
"""

import json
import sys
from pathlib import Path

from eligibility.rules import PARAMETERS, TOOLBOOK, assess, read_case
from eligibility.rules.engine.archive import write_calendar, write_edition, write_parameters
from eligibility.rules.engine.calendar import ANNOUNCED
from eligibility.rules.replay import result_text
from eligibility.rules.standards import parameters_version


def golden(case: Path) -> str:
    """All that an assessment of the case rests on, and what it says, as it would stand on record today."""
    household, as_of = read_case(json.loads(case.read_text(encoding="utf-8")))
    edition = TOOLBOOK.edition(as_of)
    assert edition is not None, f"no rule is in force on {as_of}"
    document = {
        "as_of": as_of.isoformat(),
        "facts": household,
        "edition": write_edition(edition),
        "parameters_version": parameters_version(PARAMETERS),
        "parameters": write_parameters(PARAMETERS),
        "calendar": write_calendar(ANNOUNCED),
        "result": result_text(assess(household, as_of).as_json()),
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(golden(Path(sys.argv[1])), encoding="utf-8")
