"""What may be done with keys, decided from what the database remembers of them. Pure: no clock, no database.

Instants are of the database's own clock. `settle`: within it every replica has read the file, and no write is still
under way that began before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.crypto import KeyRing


@dataclass(frozen=True, kw_only=True)
class KnownKey:
    """A key that this database has had to do with."""

    key_id: int
    check_value: str
    held_since: datetime | None
    written_since: datetime | None
    used_until: datetime | None
    retired_at: datetime | None

    @property
    def is_needed(self) -> bool:
        """Whether values may stand under it."""
        return self.used_until is not None and self.retired_at is None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one column is."""

    column: str
    began_at: datetime | None = None
    position: Sequence[str] | None = None
    seen: Mapping[int, int]
    counts: Mapping[int, int] | None = None
    counted_from: datetime | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Book:
    """What the database remembers of its keys. `columns` in the order in which they are gone through."""

    now: datetime
    keys: Sequence[KnownKey]
    index_check_values: Sequence[str]
    """Of the keys that the blind indexes are made with, in order; none before the first ring."""
    columns: Sequence[Progress]

    @property
    def writing(self) -> KnownKey | None:
        """The key that is written with; None before the first."""
        written = [key for key in self.keys if key.written_since is not None]
        return max(written, key=lambda key: (key.written_since, key.key_id), default=None)

    @property
    def old(self) -> list[KnownKey]:
        """Keys that values may still stand under, and that are written with no more."""
        writing = self.writing
        return [key for key in self.keys if key.is_needed and key is not writing]

    def values_under(self, key_id: int) -> int:
        """How many values the last round of each column left under a key."""
        return sum((column.counts or {}).get(key_id, 0) for column in self.columns)


FaultCode = Literal[
    "file_broken", "index_key_changed", "index_key_laid", "index_key_missing", "key_changed", "key_missing"
]


@dataclass(frozen=True)
class Fault:
    """Why a ring is not taken over."""

    code: FaultCode
    key_ids: tuple[int, ...] = ()


def fault_of(ring: KeyRing, book: Book) -> Fault | None:
    """Why this ring does not fit what stands in the database; None: it does."""
    remembered = list(book.index_check_values)
    if ring.index_check_values()[: len(remembered)] != remembered:
        is_begun = ring.index_check_values() == remembered[: len(ring.index_keys)]
        return Fault("index_key_missing" if is_begun else "index_key_changed")
    values = ring.check_values()
    changed = [key.key_id for key in book.keys if values.get(key.key_id, key.check_value) != key.check_value]
    if changed:
        return Fault("key_changed", tuple(changed))
    missing = [key.key_id for key in book.keys if key.is_needed and key.key_id not in values]
    return Fault("key_missing", tuple(missing)) if missing else None


def key_to_write_with(ring: KeyRing, book: Book, *, was_changed: bool, settle: timedelta) -> int:
    """The id of the key for new values. `book` knows all keys of the ring.

    Another key waits until every replica has it. One that was written with, and no longer is, comes back only by a file
    that `was_changed` under the running process: a replica that starts with an old copy must not turn back.
    """
    writing = book.writing
    if writing is None:
        return ring.current
    wanted = next(key for key in book.keys if key.key_id == ring.current)
    may_be_next = wanted.written_since is None or was_changed
    is_everywhere = wanted.held_since is not None and wanted.held_since + settle <= book.now
    return wanted.key_id if may_be_next and is_everywhere else writing.key_id


@dataclass(frozen=True)
class GoThrough:
    """Go through a column, or on with it."""

    column: str


@dataclass(frozen=True)
class Wait:
    """Nothing may be concluded before."""

    until: datetime


@dataclass(frozen=True)
class Retire:
    """Nothing stands under these keys any more, and nothing will."""

    key_ids: tuple[int, ...]


def next_step(book: Book, *, settle: timedelta) -> GoThrough | Wait | Retire | None:
    """What the renewal does next; None: nothing is left to do.

    Each column is gone through once as soon as another key is written with. Then, when an old key has not been used for
    the time in which everything settles, once more, to see that nothing was written behind the first round; a value
    that is met under an old key is a use of it.
    """
    writing = book.writing
    if writing is None or writing.written_since is None:
        return None
    unfinished = _first_not_counted_after(book, writing.written_since)
    if unfinished is not None:
        return GoThrough(unfinished)
    uses = [key.used_until for key in book.old if key.used_until is not None]
    if not uses:
        return None
    settled_at = max(uses) + settle
    if book.now <= settled_at:
        return Wait(settled_at)
    unseen = _first_not_counted_after(book, settled_at)
    return Retire(tuple(key.key_id for key in book.old)) if unseen is None else GoThrough(unseen)


def _first_not_counted_after(book: Book, at: datetime) -> str | None:
    """The column whose round runs, or the first that no whole round went through that began after this."""
    running = [column.column for column in book.columns if column.began_at is not None]
    earlier = [column.column for column in book.columns if column.counted_from is None or column.counted_from <= at]
    return next(iter([*running, *earlier]), None)
