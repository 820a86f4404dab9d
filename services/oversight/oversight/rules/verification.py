"""Checks proofs of the log as anyone outside would: written from RFC 9162 sections 2.1.3.2 and 2.1.4.2 and sharing
nothing with the module that makes them, so that one mistake cannot hide the other.
"""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

_HASH_BYTES = 32


class ProofRejected(ValueError):
    """The proof does not show what it claims; the text says at which point."""


def verify_inclusion(*, leaf: bytes, leaf_index: int, tree_size: int, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Return if `leaf` (the exact bytes, not their hash) stands at `leaf_index` in the tree with that root.

    Raises ProofRejected otherwise.
    """
    _check_lengths(root_hash, *proof)
    if not 0 <= leaf_index < tree_size:
        raise ProofRejected(f"leaf {leaf_index} cannot be in a tree of {tree_size} leaves")
    fn, sn = leaf_index, tree_size - 1
    r = sha256(b"\x00" + leaf).digest()
    for p in proof:
        if sn == 0:
            raise ProofRejected(f"{len(proof)} hashes are too many for leaf {leaf_index} of {tree_size}")
        if fn % 2 == 1 or fn == sn:
            r = _inner(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = _inner(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofRejected(f"{len(proof)} hashes are too few for leaf {leaf_index} of {tree_size}")
    if not compare_digest(r, root_hash):
        raise ProofRejected(f"leaf {leaf_index} leads to another root: the leaf, the proof or the root was changed")


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the tree of `second` leaves contains that of `first` leaves unchanged, as its beginning.

    Raises ProofRejected otherwise.
    """
    _check_lengths(first_root, second_root, *proof)
    if not 0 < first <= second:
        raise ProofRejected(f"{first} leaves are no earlier, non-empty state of {second} leaves")
    if first == second:
        if proof:
            raise ProofRejected("trees of the same size need no proof, but hashes were given")
        fr, sr = second_root, second_root
    elif not proof:
        raise ProofRejected(f"no hashes were given to lead from {first} to {second} leaves")
    else:
        path = [first_root, *proof] if first & (first - 1) == 0 else proof
        fr, sr = _both_roots(first, second, path)
    if not compare_digest(fr, first_root):
        raise ProofRejected(f"the proof does not lead to the earlier root: of the first {first} leaves one was changed")
    if not compare_digest(sr, second_root):
        raise ProofRejected(f"the proof does not lead to the later root of {second} leaves")


def _both_roots(first: int, second: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Steps 3 to 7 of section 2.1.4.2: the earlier and the later root that the path leads to."""
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise ProofRejected(f"too many hashes to lead from {first} to {second} leaves")
        if fn % 2 == 1 or fn == sn:
            fr, sr = _inner(c, fr), _inner(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _inner(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofRejected(f"too few hashes to lead from {first} to {second} leaves")
    return fr, sr


def _inner(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _check_lengths(*hashes: bytes) -> None:
    for value in hashes:
        if len(value) != _HASH_BYTES:
            raise ProofRejected(f"a SHA-256 hash has {_HASH_BYTES} bytes, one of the given has {len(value)}")
