"""What matching of reports to persons is worth, and what it costs: precision, recall and time on made-up people (12.2).

The last line is one JSON object. Usage: python -m tests.bench.leads [persons] [reports]
"""

import json
import sys
import time

from tests.data_sharing.labelled_leads import matched_all, population, reports, score

_PERSONS = 60_000
_REPORTS = 2_000
_ROUNDS = 3


def main(persons: int, count: int) -> None:
    """Several rounds, each with people and reports of its own; the worst of them counts."""
    found = []
    spent_ms = []
    for seed in range(_ROUNDS):
        registry = population(persons, seed=seed)
        labelled = reports(registry, count, seed=100 + seed)
        begun = time.perf_counter()
        findings = list(matched_all(registry, labelled))
        spent_ms.append((time.perf_counter() - begun) / count * 1000)
        found.append(score(labelled, iter(findings)))
        one = found[-1]
        print(
            f"round {seed + 1}: {one.matched} of {one.reports} taken for a person, precision {one.precision:.4f}, "
            f"recall {one.recall:.4f}, with candidates {one.recall_with_candidates:.4f}, {spent_ms[-1]:.1f} ms a report"
        )
    summary = {
        "persons": persons,
        "reports": count,
        "precision": round(min(one.precision for one in found), 4),
        "recall": round(min(one.recall for one in found), 4),
        "recall_with_candidates": round(min(one.recall_with_candidates for one in found), 4),
        "milliseconds_a_report": round(max(spent_ms), 1),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main(*([int(argument) for argument in sys.argv[1:]] or [_PERSONS, _REPORTS]))
