"""The Merkle tree of the log, as in RFC 6962 section 2.1: hashes, growth from the right edge, and which stored nodes
make a root or a proof. Holds no tree: whoever calls stores the nodes and reads back the few that are asked for.
Checking a proof is `verification.py`, which shares no code with this module.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

# RFC 6962 section 2.1: different first bytes keep a leaf from being passed off as an inner node.
_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"


class OutsideTree(ValueError):
    """The leaf or the earlier size asked for does not lie inside the tree size asked for."""


class Node(NamedTuple):
    """The root of a perfect subtree: it covers leaves `number << level` to `(number + 1) << level`. Never changes."""

    level: int
    number: int


Plan = tuple[tuple[Node, ...], ...]
"""One entry per hash of a proof: the perfect subtrees, left to right, that fold into it."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(_LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children."""
    return sha256(_NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree of `size` leaves: the hashes of its largest perfect subtrees, left to right."""

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} perfect subtrees on its edge")

    def root(self) -> bytes:
        """The root hash of the tree."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


EMPTY = Edge(0, ())


def extend(edge: Edge, leaf_hashes: Iterable[bytes]) -> tuple[Edge, list[tuple[Node, bytes]]]:
    """Append leaves: the new edge, and every node that became final (leaves included), to be stored.

    N leaves cost fewer than 2 N hashes beyond their own, whatever the size of the tree.
    """
    stack = list(edge.hashes)
    size = edge.size
    final: list[tuple[Node, bytes]] = []
    for leaf in leaf_hashes:
        level, number, hash_ = 0, size, leaf
        final.append((Node(level, number), hash_))
        while number & 1:
            level, number, hash_ = level + 1, number >> 1, node_hash(stack.pop(), hash_)
            final.append((Node(level, number), hash_))
        stack.append(hash_)
        size += 1
    return Edge(size, tuple(stack)), final


def edge_nodes(size: int) -> tuple[Node, ...]:
    """The stored nodes that are the right edge of a tree of that size, left to right: at most one per level."""
    return tuple(_cover(0, size))


def edge_from(size: int, stored: Mapping[Node, bytes]) -> Edge:
    """The right edge at that size, which may be an earlier one, out of stored nodes (those of `edge_nodes`)."""
    return Edge(size, tuple(stored[node] for node in edge_nodes(size)))


def inclusion_plan(leaf_index: int, tree_size: int) -> Plan:
    """Which nodes prove that the leaf is in the tree of that size: PATH(m, D[n]) of RFC 6962 section 2.1.1.

    Raises OutsideTree.
    """
    if not 0 <= leaf_index < tree_size:
        raise OutsideTree(f"leaf {leaf_index} is not in a tree of {tree_size} leaves")
    start, end = 0, tree_size
    parts: list[tuple[Node, ...]] = []
    while end - start > 1:
        middle = start + _left_width(end - start)
        if leaf_index < middle:
            parts.append(tuple(_cover(middle, end)))
            end = middle
        else:
            parts.append(tuple(_cover(start, middle)))
            start = middle
    return tuple(reversed(parts))


def consistency_plan(first: int, second: int) -> Plan:
    """Which nodes prove that the tree of size `second` only appended to that of size `first`: PROOF(m, D[n]) of
    RFC 6962 section 2.1.2. Empty where both are the same.

    Raises OutsideTree.
    """
    if not 0 < first <= second:
        raise OutsideTree(f"a tree of {first} leaves is no earlier, non-empty state of a tree of {second} leaves")
    start, end = 0, second
    parts: list[tuple[Node, ...]] = []
    while first < end:
        middle = start + _left_width(end - start)
        if first <= middle:
            parts.append(tuple(_cover(middle, end)))
            end = middle
        else:
            parts.append(tuple(_cover(start, middle)))
            start = middle
    if start > 0:
        # From the first leaf on, the verifier has this hash already: it is the earlier root.
        parts.append(tuple(_cover(start, end)))
    return tuple(reversed(parts))


def nodes_of(plan: Plan) -> list[Node]:
    """All nodes to be read for a plan: O(log n) of them."""
    return [node for part in plan for node in part]


def hashes_of(plan: Plan, stored: Mapping[Node, bytes]) -> list[bytes]:
    """The proof, in the order in which RFC 6962 gives it."""
    return [_fold([stored[node] for node in part]) for part in plan]


def _left_width(width: int) -> int:
    """The largest power of two smaller than the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _cover(start: int, end: int) -> Iterator[Node]:
    """The perfect subtrees, largest first, of the leaves from start to before end. RFC 6962 splits at powers of two,
    so that start is a multiple of every width.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield Node(level, start >> level)
        start += 1 << level


def _fold(hashes: Iterable[bytes]) -> bytes:
    """One hash over perfect subtrees of falling size: they join from the right."""
    right_to_left = iter(reversed(tuple(hashes)))
    result = next(right_to_left)
    for left in right_to_left:
        result = node_hash(left, result)
    return result
