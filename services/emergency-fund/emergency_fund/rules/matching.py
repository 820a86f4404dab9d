"""Which line of the bank is which posting of the ledger. Clause 4.3.4.

A reserve's money lies at the bank. Every movement of the cash account is one movement there: the pre-set float and
refills come in, and each payment goes out, by bank transfer or as cash that the clerk draws and hands over. So a line
and its posting agree to the fen and in sign, and lie within some days of each other. Who draws cash for several grants
at once writes their ids on the slip: only a line that names them is matched to several.

What a line names decides first; a line that names nothing known is matched where nothing else could be meant, on either
side. All else is left to people, with the candidates. The order in which lines and postings are given does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

Basis = Literal["reference", "unique", "officer"]
"""Why a line and its postings belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the bank that has no posting yet."""

    line_id: UUID
    on: date
    amount_fen: int
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A movement of the cash account that has no line yet."""

    transfer_id: UUID
    on: date
    amount_fen: int
    references: frozenset[str] = frozenset()
    """By which a line may name it: that of the transfer and that of its cause."""


@dataclass(frozen=True, slots=True)
class Match:
    """A line and what it is: one posting, or several that it names."""

    line_id: UUID
    transfer_ids: tuple[UUID, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Matching:
    """All lines and postings, each on exactly one of three lists."""

    matches: tuple[Match, ...]
    lines: Mapping[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Lines without a posting, each with the postings that it could be."""
    postings: tuple[UUID, ...] = ()
    """Postings without a line."""


def match(
    lines: Sequence[Line],
    postings: Sequence[Posting],
    *,
    within_days: int,
    parted: frozenset[tuple[UUID, UUID]] = frozenset(),
) -> Matching:
    """Match what can be matched without doubt.

    within_days: how far a line may lie from its posting. parted: lines and postings that an officer took from each
    other; no rule brings them together again.
    """
    tolerance = timedelta(days=within_days)
    known = _by_reference(postings)
    named = {line.line_id: _named(line, known, parted) for line in lines}
    claims: dict[UUID, int] = defaultdict(int)
    for ids in named.values():
        for transfer_id in ids:
            claims[transfer_id] += 1

    matches: list[Match] = []
    for line in lines:
        meant = _meant(line, tuple(named[line.line_id].values()), tolerance)
        if meant and all(claims[one.transfer_id] == 1 for one in meant):
            matches.append(Match(line.line_id, _ids(meant), "reference"))
    taken = {transfer_id for one in matches for transfer_id in one.transfer_ids}
    matched = {one.line_id for one in matches}

    # What a line names is not anybody else's, even where the line itself stays in doubt.
    free = [posting for posting in postings if posting.transfer_id not in claims]
    silent = [line for line in lines if not named[line.line_id]]
    could_be = _could_be(silent, free, tolerance, parted)
    meets: dict[UUID, int] = defaultdict(int)
    for candidates in could_be.values():
        for transfer_id in candidates:
            meets[transfer_id] += 1
    for line in silent:
        candidates = could_be[line.line_id]
        if len(candidates) == 1 and meets[candidates[0]] == 1:
            matches.append(Match(line.line_id, candidates, "unique"))
            taken.add(candidates[0])
            matched.add(line.line_id)

    return Matching(
        matches=tuple(sorted(matches, key=lambda one: one.line_id)),
        lines={
            line.line_id: could_be.get(line.line_id) or tuple(sorted(named[line.line_id]))
            for line in lines
            if line.line_id not in matched
        },
        postings=tuple(sorted(one.transfer_id for one in postings if one.transfer_id not in taken)),
    )


def _by_reference(postings: Iterable[Posting]) -> dict[str, list[Posting]]:
    known: dict[str, list[Posting]] = defaultdict(list)
    for posting in postings:
        for reference in posting.references:
            known[reference].append(posting)
    return known


def _named(
    line: Line, known: Mapping[str, Sequence[Posting]], parted: frozenset[tuple[UUID, UUID]]
) -> dict[UUID, Posting]:
    return {
        one.transfer_id: one
        for reference in line.references
        for one in known.get(reference, ())
        if (line.line_id, one.transfer_id) not in parted
    }


def _meant(line: Line, named: Sequence[Posting], tolerance: timedelta) -> Sequence[Posting]:
    """Of what a line names, what it is: all of it, else the one that has its amount. Nothing where that is in doubt."""
    near = [one for one in named if abs(one.on - line.on) <= tolerance]
    if len(near) == len(named) and sum(one.amount_fen for one in named) == line.amount_fen:
        return near
    fitting = [one for one in near if one.amount_fen == line.amount_fen]
    return fitting if len(fitting) == 1 else []


def _could_be(
    lines: Iterable[Line],
    postings: Iterable[Posting],
    tolerance: timedelta,
    parted: frozenset[tuple[UUID, UUID]],
) -> dict[UUID, tuple[UUID, ...]]:
    """For each line the postings of its amount within its days."""
    of_amount: dict[int, list[Posting]] = defaultdict(list)
    for posting in postings:
        of_amount[posting.amount_fen].append(posting)
    return {
        line.line_id: _ids(
            one
            for one in of_amount.get(line.amount_fen, ())
            if abs(one.on - line.on) <= tolerance and (line.line_id, one.transfer_id) not in parted
        )
        for line in lines
    }


def _ids(postings: Iterable[Posting]) -> tuple[UUID, ...]:
    return tuple(sorted(one.transfer_id for one in postings))
