"""Departments deliver files: announced, sent, checked row by row, loaded whole or refused whole (12.1.1)."""

import pytest
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import csv_file, current, deliver, number, rejects

pytestmark = pytest.mark.clause("12.1.1")


async def test_good_rows_are_loaded_and_bad_ones_written_aside(service: Service) -> None:
    wrong = number(3)[:17] + ("1" if number(3)[17] != "1" else "2")
    content = csv_file(
        "identity_number,wage",
        f"{number(1)},2600.00",
        f"{wrong},100.00",
        f"{number(3)},many",
        f"{number(4)},",
        f"{number(1)},2600.00",
        f"{number(1)},2700.00",
    )
    batch = await deliver(service, content, rows=6)
    assert (batch["state"], batch["checked_rows"], batch["loaded_rows"], batch["rejected_rows"]) == (
        "published",
        6,
        2,
        4,
    )
    assert await current(service) == [(1, {"wage": "2600.00"}), (6, {"wage": "2700.00"})]
    assert await rejects(service, batch) == {
        2: ["identity_number:check_digit"],
        3: ["wage:unusable"],
        4: ["row:no_value"],
        5: ["row:repeated"],
    }
