"""What is concluded about keys: when one may be written with, when one is no longer needed, which file does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import FieldCipher, KeyRing
from shared.keys.rules import (
    Book,
    Fault,
    GoThrough,
    KnownKey,
    Progress,
    Retire,
    Wait,
    fault_of,
    key_to_write_with,
    next_step,
)

pytestmark = pytest.mark.clause("12.1.2")

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
SETTLE = timedelta(minutes=5)


def ring(*key_ids: int, current: int, index_keys: tuple[bytes, ...] = (b"i" * 32,)) -> KeyRing:
    return KeyRing(keys={key_id: bytes([key_id]) * 16 for key_id in key_ids}, current=current, index_keys=index_keys)


def known(
    key_id: int,
    *,
    held: int | None = -60,
    written: int | None = None,
    used: int | None = None,
    retired: int | None = None,
) -> KnownKey:
    """A key; instants in minutes from noon."""

    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else NOON + timedelta(minutes=minutes)

    check_value = ring(key_id, current=key_id).check_values()[key_id]
    return KnownKey(
        key_id=key_id,
        check_value=check_value,
        held_since=at(held),
        written_since=at(written),
        used_until=at(written if used is None else used),
        retired_at=at(retired),
    )


def column(name: str = "person.name", *, from_: int | None = None, began: int | None = None) -> Progress:
    if from_ is None:
        return Progress(column=name, seen={})
    at = NOON + timedelta(minutes=from_)
    began_at = None if began is None else NOON + timedelta(minutes=began)
    return Progress(column=name, seen={}, counts={2: 7}, counted_from=at, counted_at=at, began_at=began_at)


def book(*keys: KnownKey, columns: tuple[Progress, ...] = (), index_check_values: Sequence[str] = ()) -> Book:
    return Book(now=NOON, keys=keys, index_check_values=index_check_values, columns=columns)


ONE = known(1, written=-600, used=-1)
RULES_OF_WRITING: dict[str, tuple[KeyRing, Book, bool, int]] = {
    "the first key": (ring(1, current=1), book(known(1, held=0)), False, 1),
    "nothing changes": (ring(1, current=1), book(ONE), False, 1),
    "a new key that was just read": (ring(1, 2, current=2), book(ONE, known(2, held=-4)), True, 1),
    "a new key that one replica lacks": (ring(1, 2, current=2), book(ONE, known(2, held=None)), True, 1),
    "a new key that all have": (ring(1, 2, current=2), book(ONE, known(2, held=-5)), True, 2),
    "the same, after a start": (ring(1, 2, current=2), book(ONE, known(2, held=-5)), False, 2),
    "an old copy at a start": (ring(1, 2, current=1), book(ONE, known(2, written=-9)), False, 2),
    "taken back": (ring(1, 2, current=1), book(ONE, known(2, written=-9)), True, 1),
    "taken back, read again just now": (
        ring(1, 2, current=1),
        book(known(1, held=-1, written=-600, used=-90, retired=-9), known(2, written=-90)),
        True,
        2,
    ),
}


@pytest.mark.parametrize("case", RULES_OF_WRITING)
def test_which_key_is_written_with(case: str) -> None:
    file, remembered, was_changed, expected = RULES_OF_WRITING[case]
    assert key_to_write_with(file, remembered, was_changed=was_changed, settle=SETTLE) == expected


OLD_USED = known(1, written=-600, used=-10)
OLD_STILL_USED = known(1, written=-600, used=-2)
NEW = known(2, written=-11)
NEXT_STEPS: dict[str, tuple[Book, object]] = {
    "before the first look": (book(columns=(column(),)), None),
    "never counted": (book(NEW, columns=(column(),)), GoThrough("person.name")),
    "counted, one key": (book(NEW, columns=(column(from_=-3),)), None),
    "a round runs": (
        book(OLD_USED, NEW, columns=(column("a.b", from_=-20), column("c.d", from_=-20, began=-1))),
        GoThrough("c.d"),
    ),
    "counted before the change": (
        book(OLD_USED, NEW, columns=(column("a.b", from_=-3), column("c.d", from_=-12))),
        GoThrough("c.d"),
    ),
    "still used": (book(OLD_STILL_USED, NEW, columns=(column(from_=-9),)), Wait(NOON + timedelta(minutes=3))),
    "settled, not looked since": (book(OLD_USED, NEW, columns=(column(from_=-9),)), GoThrough("person.name")),
    "looked as it settled": (book(OLD_USED, NEW, columns=(column(from_=-5),)), GoThrough("person.name")),
    "looked after it settled": (book(OLD_USED, NEW, columns=(column(from_=-4),)), Retire((1,))),
    "retired": (book(replace(OLD_USED, retired_at=NOON), NEW, columns=(column(from_=-4),)), None),
}


@pytest.mark.parametrize("case", NEXT_STEPS)
def test_what_the_renewal_does_next(case: str) -> None:
    remembered, expected = NEXT_STEPS[case]
    assert next_step(remembered, settle=SETTLE) == expected


def test_which_file_does_not_fit() -> None:
    remembered = book(OLD_USED, NEW, index_check_values=ring(1, current=1).index_check_values())
    assert fault_of(ring(1, 2, current=2), remembered) is None
    assert fault_of(ring(1, 2, 3, current=3), remembered) is None
    assert fault_of(ring(2, current=2), remembered) == Fault("key_missing", (1,))
    other = KeyRing(keys={1: b"x" * 16, 2: bytes([2]) * 16}, current=2, index_keys=(b"i" * 32,))
    assert fault_of(other, remembered) == Fault("key_changed", (1,))
    # Also of a key that nothing needs any more: backups may.
    assert fault_of(other, book(replace(OLD_USED, retired_at=NOON), NEW)) == Fault("key_changed", (1,))


FIRST, SECOND, OTHER = b"i" * 32, b"j" * 32, b"k" * 32


@pytest.mark.parametrize(
    ("in_file", "laid", "code"),
    [
        ((FIRST,), (), None),
        ((FIRST,), (FIRST,), None),
        ((FIRST, SECOND), (FIRST,), None),
        ((FIRST, SECOND), (FIRST, SECOND), None),
        ((FIRST,), (FIRST, SECOND), "index_key_missing"),
        ((SECOND,), (FIRST,), "index_key_changed"),
        ((SECOND, FIRST), (FIRST,), "index_key_changed"),
        ((SECOND,), (FIRST, SECOND), "index_key_changed"),
        ((FIRST, OTHER), (FIRST, SECOND), "index_key_changed"),
    ],
)
def test_which_index_keys_do_not_fit(in_file: tuple[bytes, ...], laid: tuple[bytes, ...], code: str | None) -> None:
    check_values = ring(1, current=1, index_keys=laid).index_check_values() if laid else []
    found = fault_of(ring(1, 2, current=2, index_keys=in_file), book(NEW, index_check_values=check_values))
    assert (found and found.code) == code


@dataclass
class World:
    """One column with values by key, as rounds meet them; what is written may arrive later."""

    now: datetime = NOON
    keys: dict[int, KnownKey] = field(default_factory=lambda: {1: known(1, written=-600, used=0)})
    values: list[int] = field(default_factory=lambda: [1, 1, 1])
    on_the_way: list[tuple[datetime, int]] = field(default_factory=list)
    progress: Progress = field(default_factory=lambda: Progress(column="a.b", seen={}))

    @property
    def book(self) -> Book:
        return Book(now=self.now, keys=list(self.keys.values()), index_check_values=(), columns=[self.progress])

    def make_current(self, key_id: int) -> None:
        old = self.keys.get(key_id) or known(key_id, held=0)
        for one in {key_id, self.writing}:
            self.keys[one] = replace(self.keys.get(one, old), used_until=self.now, retired_at=None)
        self.keys[key_id] = replace(self.keys[key_id], written_since=self.now)

    @property
    def writing(self) -> int:
        writing = self.book.writing
        assert writing is not None
        return writing.key_id

    def work(self) -> None:
        """One step of the renewal: a whole round at once."""
        match next_step(self.book, settle=SETTLE):
            case GoThrough():
                for met in set(self.values) - {self.writing}:
                    self.keys[met] = replace(self.keys[met], used_until=self.now)
                self.values = [self.writing] * len(self.values)
                counts = {self.writing: len(self.values)}
                self.progress = replace(self.progress, counts=counts, counted_from=self.now, counted_at=self.now)
            case Retire(key_ids):
                for key_id in key_ids:
                    self.keys[key_id] = replace(self.keys[key_id], retired_at=self.now)

    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        arrived = [key_id for at, key_id in self.on_the_way if at <= self.now]
        self.on_the_way = [(at, key_id) for at, key_id in self.on_the_way if at > self.now]
        self.values += arrived


ACTS = st.one_of(
    st.tuples(st.just("current"), st.integers(1, 4)),
    st.tuples(st.just("write"), st.integers(0, int(SETTLE.total_seconds()) - 1)),
    st.tuples(st.just("pass"), st.integers(1, 400)),
    st.tuples(st.just("work"), st.just(0)),
)


@given(acts=st.lists(ACTS, max_size=60))
def test_no_key_is_retired_while_a_value_stands_under_it_or_will(acts: list[tuple[str, int]]) -> None:
    """As long as no write takes longer than the time in which everything settles."""
    world = World()
    for act, number in acts:
        if act == "current" and number != world.writing:
            world.make_current(number)
        elif act == "write":
            world.on_the_way.append((world.now + timedelta(seconds=number), world.writing))
        elif act == "pass":
            world.pass_time(number)
        elif act == "work":
            world.work()
        retired = {key.key_id for key in world.keys.values() if key.retired_at is not None}
        assert retired.isdisjoint(world.values)
        assert retired.isdisjoint(key_id for _, key_id in world.on_the_way)
    world.pass_time(1000)
    for _ in range(3):
        world.work()
        world.pass_time(1000)
        world.work()
    assert {key.key_id for key in world.keys.values() if key.is_needed} == {world.writing}
    assert set(world.values) == {world.writing}


@given(
    texts=st.lists(st.text(), min_size=1, max_size=5),
    steps=st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=16, max_size=16)), max_size=6),
    of_field=st.text(min_size=1, max_size=20),
)
def test_any_sequence_of_changes_decrypts(texts: list[str], steps: list[tuple[int, bytes]], of_field: str) -> None:
    keys, current = {0: b"k" * 16}, 0
    cipher = FieldCipher(KeyRing(keys=dict(keys), current=current, index_keys=(b"i" * 32,)))
    values = [cipher.encrypt(text, field=of_field) for text in texts]
    indexes = cipher.blind_indexes(texts, field=of_field)
    for key_id, key in steps:
        if key_id not in keys:
            keys[key_id], current = key, key_id
        cipher.use(KeyRing(keys=dict(keys), current=current, index_keys=(b"i" * 32,)))
        values[::2] = [cipher.encrypt(cipher.decrypt(value, field=of_field), field=of_field) for value in values[::2]]
        assert [cipher.decrypt(value, field=of_field) for value in values] == texts
        assert {value[1] for value in values[::2]} == {current}
        assert cipher.blind_indexes(texts, field=of_field) == indexes


def test_a_ring_does_not_tell_its_keys() -> None:
    shown = repr(ring(1, 2, current=2))
    assert "\\x01" not in shown
    assert "iiii" not in shown
