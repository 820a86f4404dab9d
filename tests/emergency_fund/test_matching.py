"""Which line of the bank is which posting, and when a missing side is told."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emergency_fund.rules.bank_statement import reference_of, references_in
from emergency_fund.rules.matching import Line, Match, Posting, match
from emergency_fund.rules.reconciliation import BankPeriods, Covered, gaps, line_is_late, posting_is_late
from shared.ids import new_id

MONDAY = date(2022, 12, 5)
PERIODS = BankPeriods(match_days=3, grace_days=10, statement_days=45)


def line(number: int, amount_fen: int = -2900, day: int = 0, *references: str) -> Line:
    return Line(
        line_id=UUID(int=number),
        on=MONDAY + timedelta(days=day),
        amount_fen=amount_fen,
        references=frozenset(references),
    )


def posting(number: int, amount_fen: int = -2900, day: int = 0, *references: str) -> Posting:
    return Posting(
        transfer_id=UUID(int=100 + number),
        on=MONDAY + timedelta(days=day),
        amount_fen=amount_fen,
        references=frozenset(references),
    )


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize(
    ("lines", "postings", "matches"),
    [
        pytest.param([line(1)], [posting(1)], {1: ([1], "unique")}, id="the only one of its amount"),
        pytest.param([line(1, day=3)], [posting(1)], {1: ([1], "unique")}, id="three days later"),
        pytest.param([line(1, day=-3)], [posting(1)], {1: ([1], "unique")}, id="cash drawn three days before"),
        pytest.param([line(1, day=4)], [posting(1)], {}, id="too far apart"),
        pytest.param([line(1, -2901)], [posting(1)], {}, id="a fen more"),
        pytest.param([line(1, 2900)], [posting(1)], {}, id="the other way"),
        pytest.param([line(1)], [posting(1), posting(2, day=1)], {}, id="two postings of one amount"),
        pytest.param([line(1), line(2)], [posting(1)], {}, id="two lines of one amount"),
        pytest.param(
            [line(1, -2900, 0, "a")],
            [posting(1), posting(2, -2900, 1, "a")],
            {1: ([2], "reference")},
            id="the one that is named",
        ),
        pytest.param(
            [line(1, -2900, 0, "a"), line(2)],
            [posting(1), posting(2, -2900, 1, "a")],
            {1: ([2], "reference"), 2: ([1], "unique")},
            id="and then the other is the only one",
        ),
        pytest.param(
            [line(1, -5000, 0, "a", "b")],
            [posting(1, -2900, 0, "a"), posting(2, -2100, 1, "b")],
            {1: ([1, 2], "reference")},
            id="cash for two grants that the slip names",
        ),
        pytest.param(
            [line(1, -5000)], [posting(1, -2900), posting(2, -2100)], {}, id="a sum that no slip explains"
        ),
        pytest.param(
            [line(1, -5000, 0, "a", "b")],
            [posting(1, -2900, 0, "a"), posting(2, -2101, 1, "b")],
            {},
            id="a slip that names two and comes to neither",
        ),
        pytest.param(
            [line(1, -2900, 0, "a")],
            [posting(1, -2900, 0, "a"), posting(2, 2900, 0, "a")],
            {1: ([1], "reference")},
            id="a grant that was paid and given back, and the line of the payment",
        ),
        pytest.param(
            [line(1, -2900, 0, "a"), line(2, -2900, 1, "a")], [posting(1, -2900, 0, "a")], {}, id="named by two lines"
        ),
        pytest.param([line(1, -2900, 0, "z")], [posting(1)], {1: ([1], "unique")}, id="a name that nothing has"),
        pytest.param(
            [line(1, -100, 0, "a"), line(2)],
            [posting(1, -2900, 0, "a")],
            {},
            id="what another line names is not taken by its amount",
        ),
    ],
)  # fmt: skip
def test_a_line_finds_its_posting_or_stays_open(
    lines: list[Line], postings: list[Posting], matches: dict[int, tuple[list[int], str]]
) -> None:
    found = match(lines, postings, within_days=3)
    assert {
        one.line_id.int: ([transfer_id.int - 100 for transfer_id in one.transfer_ids], one.basis)
        for one in found.matches
    } == matches


def test_an_open_line_lists_what_it_could_be() -> None:
    found = match([line(1), line(2, -7)], [posting(1), posting(2, day=1), posting(3, day=9)], within_days=3)
    assert found.lines == {UUID(int=1): (UUID(int=101), UUID(int=102)), UUID(int=2): ()}
    assert found.postings == (UUID(int=101), UUID(int=102), UUID(int=103))


def test_what_an_officer_took_apart_stays_apart() -> None:
    apart = frozenset({(UUID(int=1), UUID(int=101))})
    assert match([line(1)], [posting(1)], within_days=3, parted=apart).matches == ()
    named = match([line(1, -2900, 0, "a")], [posting(1, -2900, 0, "a")], within_days=3, parted=apart)
    assert named.matches == ()
    other = match([line(1)], [posting(1), posting(2)], within_days=3, parted=apart)
    assert other.matches == (Match(UUID(int=1), (UUID(int=102),), "unique"),)


_REFERENCES = st.lists(st.sampled_from("abcdef"), max_size=3).map(frozenset)
_DAYS = st.integers(-6, 6).map(lambda days: MONDAY + timedelta(days=days))
_AMOUNTS = st.sampled_from([-300, -200, -100, 100, 300])
LINES = st.lists(
    st.builds(Line, line_id=st.uuids(), on=_DAYS, amount_fen=_AMOUNTS, references=_REFERENCES),
    max_size=9,
    unique_by=lambda one: one.line_id,
)
POSTINGS = st.lists(
    st.builds(Posting, transfer_id=st.uuids(), on=_DAYS, amount_fen=_AMOUNTS, references=_REFERENCES),
    max_size=9,
    unique_by=lambda one: one.transfer_id,
)


@pytest.mark.clause("4.3.4")
@given(lines=LINES, postings=POSTINGS)
@settings(max_examples=400)
def test_everything_stands_on_one_list_once_and_matches_add_up(lines: list[Line], postings: list[Posting]) -> None:
    found = match(lines, postings, within_days=3)
    matched_lines = [one.line_id for one in found.matches]
    matched_postings = [transfer_id for one in found.matches for transfer_id in one.transfer_ids]
    assert sorted([*matched_lines, *found.lines]) == sorted(one.line_id for one in lines)
    assert sorted([*matched_postings, *found.postings]) == sorted(one.transfer_id for one in postings)
    by_line = {one.line_id: one for one in lines}
    by_posting = {one.transfer_id: one for one in postings}
    for one in found.matches:
        of_line = by_line[one.line_id]
        parts = [by_posting[transfer_id] for transfer_id in one.transfer_ids]
        assert sum(part.amount_fen for part in parts) == of_line.amount_fen
        assert all(abs(part.on - of_line.on) <= timedelta(days=3) for part in parts)
        assert len(parts) == 1 or all(part.references & of_line.references for part in parts)
    for candidates in found.lines.values():
        assert set(candidates) <= by_posting.keys()


@pytest.mark.clause("4.3.4")
@given(lines=LINES, postings=POSTINGS, data=st.data())
def test_the_order_of_lines_and_postings_does_not_matter(
    lines: list[Line], postings: list[Posting], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(lines)), data.draw(st.permutations(postings))
    assert match(*shuffled, within_days=3) == match(lines, postings, within_days=3)


def test_references_are_read_as_officers_write_them() -> None:
    one = new_id()
    end = reference_of(one)
    letters = UUID(int=(0x018318AE_0000_7000_8000 << 48) + 0x0D2F3A4B5C6D)
    assert references_in(f"救助款{one}，张三") == (end,)
    assert references_in(one.hex.upper()) == (end,)
    assert references_in(f"支付单{reference_of(letters)}现金") == (reference_of(letters),)
    assert references_in(f"{letters} {letters}") == (reference_of(letters),)
    assert references_in("账号 620012345678 电话 13800001111 编号 0d2f3a4b5c6d7") == ()


@pytest.mark.clause("4.3.4")
def test_grace_begins_with_the_statement_in_which_the_line_would_stand() -> None:
    assert not line_is_late(MONDAY, today=MONDAY + timedelta(days=10), periods=PERIODS)
    assert line_is_late(MONDAY, today=MONDAY + timedelta(days=11), periods=PERIODS)

    def is_late(today: date, *statements: Covered) -> bool:
        return posting_is_late(MONDAY, statements=statements, today=today, periods=PERIODS)

    december = Covered(date(2022, 12, 1), date(2022, 12, 31), date(2023, 1, 3))
    assert not is_late(date(2023, 1, 13), december)
    assert is_late(date(2023, 1, 14), december)
    # The line may stand in the next statement.
    week = Covered(date(2022, 12, 1), date(2022, 12, 7), date(2022, 12, 8))
    assert not is_late(date(2023, 1, 14), week)
    assert is_late(date(2022, 12, 20), week, Covered(date(2022, 12, 8), date(2022, 12, 8), date(2022, 12, 9)))
    # Without any statement it is late in the end.
    assert not is_late(MONDAY + timedelta(days=45))
    assert is_late(MONDAY + timedelta(days=46))


def test_gaps_between_statements_are_told_over_the_turn_of_the_year() -> None:
    spans = [
        Covered(date(2023, 1, 3), date(2023, 1, 31), MONDAY),
        Covered(date(2022, 12, 1), date(2022, 12, 30), MONDAY),
    ]
    assert gaps(spans, since=date(2022, 11, 29), through=date(2023, 2, 1)) == [
        (date(2022, 11, 29), date(2022, 11, 30)),
        (date(2022, 12, 31), date(2023, 1, 2)),
        (date(2023, 2, 1), date(2023, 2, 1)),
    ]
    assert gaps(spans, since=date(2022, 12, 1), through=date(2022, 12, 30)) == []
