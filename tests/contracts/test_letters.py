"""Two services know how long a letter lasts: data-sharing keeps it, and intake takes none that is over."""

from data_sharing.rules.catalogue import load_packed
from intake.rules.persons import LETTER_YEARS


def test_intake_takes_letters_for_as_long_as_they_open_registers() -> None:
    assert load_packed().letter_months == 12 * LETTER_YEARS
