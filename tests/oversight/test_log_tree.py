"""The log's tree and its proofs against published vectors, against RFC 6962's own recursive definitions, and against
changes of every part.
"""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.rules import tree
from oversight.rules.verification import ProofRejected, verify_consistency, verify_inclusion

# The eight leaves and the roots over the first 1 to 8 of them that certificate-transparency implementations share.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
sizes = st.integers(min_value=1, max_value=300)


class Log:
    """Leaves appended in batches, and the nodes that a table would hold."""

    def __init__(self, leaves: list[bytes], batch: int = 7) -> None:
        self.leaves = leaves
        self.stored: dict[tree.Node, bytes] = {}
        self.roots = [tree.EMPTY_ROOT]
        edge = tree.EMPTY
        for start in range(0, len(leaves), batch):
            hashes = [tree.leaf_hash(leaf) for leaf in leaves[start : start + batch]]
            edge, final = tree.extend(tree.edge_from(edge.size, self.stored), hashes)
            self.stored.update(final)
        self.edge = edge

    def root(self, size: int) -> bytes:
        return tree.edge_from(size, self.stored).root()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return tree.hashes_of(tree.inclusion_plan(index, size), self.stored)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return tree.hashes_of(tree.consistency_plan(first, second), self.stored)


def numbered_leaves(count: int) -> list[bytes]:
    return [b"event %d" % number for number in range(count)]


LONG = Log(numbered_leaves(300))


def root_by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + root_by_definition(leaves[:k]) + root_by_definition(leaves[k:])).digest()


def path_by_definition(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    n = len(leaves)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*path_by_definition(m, leaves[:k]), root_by_definition(leaves[k:])]
    return [*path_by_definition(m - k, leaves[k:]), root_by_definition(leaves[:k])]


def subproof_by_definition(m: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, word for word."""
    n = len(leaves)
    if m == n:
        return [] if known else [root_by_definition(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*subproof_by_definition(m, leaves[:k], known=known), root_by_definition(leaves[k:])]
    return [*subproof_by_definition(m - k, leaves[k:], known=False), root_by_definition(leaves[:k])]


def test_an_empty_log_has_the_root_that_the_rfc_gives() -> None:
    assert tree.EMPTY.root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_roots_are_the_published_ones(batch: int) -> None:
    log = Log(LEAVES, batch)
    assert [log.root(size) for size in range(1, 9)] == ROOTS


def test_proofs_are_the_published_ones() -> None:
    log = Log(LEAVES)
    assert [hash_.hex() for hash_ in log.inclusion(5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [hash_.hex() for hash_ in log.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_proofs_are_those_of_the_definition_for_every_small_log() -> None:
    leaves = numbered_leaves(33)
    log = Log(leaves)
    for size in range(1, 34):
        assert log.root(size) == root_by_definition(leaves[:size])
        for number in range(size):
            assert log.inclusion(number, size) == path_by_definition(number, leaves[:size])
            assert log.consistency(number + 1, size) == subproof_by_definition(number + 1, leaves[:size])


@given(st.lists(st.binary(max_size=40), max_size=70), st.integers(min_value=1, max_value=80))
def test_growing_in_batches_gives_the_root_of_the_whole(leaves: list[bytes], batch: int) -> None:
    assert Log(leaves, batch).edge.root() == root_by_definition(leaves)


def test_appending_costs_no_more_than_two_hashes_a_leaf_and_each_node_is_final_once() -> None:
    edge, final = tree.extend(tree.EMPTY, [bytes(32)] * 1000)
    assert len(edge.hashes) == (1000).bit_count()
    assert len(final) < 2 * 1000
    assert len({node for node, _ in final}) == len(final)


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_every_event_is_proved_to_be_in_every_later_log(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = LONG.inclusion(index, size)
    verify_inclusion(leaf=LONG.leaves[index], leaf_index=index, tree_size=size, proof=proof, root_hash=LONG.root(size))
    assert len(tree.nodes_of(tree.inclusion_plan(index, size))) <= 2 * size.bit_length()


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_every_earlier_head_is_proved_to_be_contained_in_every_later_one(data: st.DataObject) -> None:
    second = data.draw(sizes)
    first = data.draw(st.integers(min_value=1, max_value=second))
    verify_consistency(
        first=first,
        second=second,
        first_root=LONG.root(first),
        second_root=LONG.root(second),
        proof=LONG.consistency(first, second),
    )
    assert len(tree.nodes_of(tree.consistency_plan(first, second))) <= 2 * second.bit_length()


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_a_changed_bit_anywhere_breaks_an_inclusion_proof(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    parts = [LONG.leaves[index], LONG.root(size), *LONG.inclusion(index, size)]
    leaf, root, *proof = _with_one_bit_changed(data, parts)
    with pytest.raises(ProofRejected):
        verify_inclusion(leaf=leaf, leaf_index=index, tree_size=size, proof=proof, root_hash=root)


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_a_changed_bit_anywhere_breaks_a_consistency_proof(data: st.DataObject) -> None:
    second = data.draw(sizes)
    first = data.draw(st.integers(min_value=1, max_value=second))
    parts = [LONG.root(first), LONG.root(second), *LONG.consistency(first, second)]
    first_root, second_root, *proof = _with_one_bit_changed(data, parts)
    with pytest.raises(ProofRejected):
        verify_consistency(first=first, second=second, first_root=first_root, second_root=second_root, proof=proof)


@pytest.mark.clause("13.2.2")
@given(st.data())
def test_no_proof_hides_that_an_old_event_was_changed(data: st.DataObject) -> None:
    second = data.draw(st.integers(min_value=1, max_value=60))
    first = data.draw(st.integers(min_value=1, max_value=second))
    changed = data.draw(st.integers(min_value=0, max_value=first - 1))
    leaves = numbered_leaves(second)
    leaves[changed] += b" (corrected)"
    forged = Log(leaves)
    with pytest.raises(ProofRejected):
        verify_consistency(
            first=first,
            second=second,
            first_root=LONG.root(first),
            second_root=forged.root(second),
            proof=forged.consistency(first, second),
        )


@given(st.data())
def test_an_inclusion_proof_of_wrong_length_or_place_is_rejected(data: st.DataObject) -> None:
    size = data.draw(st.integers(min_value=2, max_value=300))
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof, root = LONG.inclusion(index, size), LONG.root(size)
    other_index = (index + 1) % size
    for wrong_index, wrong_proof in (
        (index, proof[:-1]),
        (index, [*proof, bytes(32)]),
        (index, [bytes(31), *proof[1:]]),
        (other_index, proof),
        (size, proof),
        (-1, proof),
    ):
        with pytest.raises(ProofRejected):
            verify_inclusion(
                leaf=LONG.leaves[index], leaf_index=wrong_index, tree_size=size, proof=wrong_proof, root_hash=root
            )


@given(st.data())
def test_a_consistency_proof_of_wrong_length_or_size_is_rejected(data: st.DataObject) -> None:
    second = data.draw(st.integers(min_value=2, max_value=300))
    first = data.draw(st.integers(min_value=1, max_value=second - 1))
    proof, first_root, second_root = LONG.consistency(first, second), LONG.root(first), LONG.root(second)
    for wrong_first, wrong_second, wrong_proof in (
        (first, second, proof[:-1]),
        (first, second, [*proof, bytes(32)]),
        (first, second, []),
        (0, second, proof),
        (second, first, proof),
        (second, second, proof),
        (second, second, []),
    ):
        with pytest.raises(ProofRejected):
            verify_consistency(
                first=wrong_first,
                second=wrong_second,
                first_root=first_root,
                second_root=second_root,
                proof=wrong_proof,
            )


def test_a_leaf_is_not_passed_off_as_an_inner_node() -> None:
    left, right = tree.leaf_hash(b"a"), tree.leaf_hash(b"b")
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(tree.OutsideTree, match=f"leaf {index} is not in a tree of {size} leaves"):
        tree.inclusion_plan(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 5)])
def test_a_later_or_empty_head_has_no_consistency_proof(first: int, second: int) -> None:
    with pytest.raises(tree.OutsideTree, match="is no earlier, non-empty state"):
        tree.consistency_plan(first, second)


def test_an_edge_of_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 perfect subtrees"):
        tree.Edge(3, (bytes(32),))


def _with_one_bit_changed(data: st.DataObject, parts: list[bytes]) -> list[bytes]:
    number = data.draw(st.integers(min_value=0, max_value=len(parts) - 1))
    bit = data.draw(st.integers(min_value=0, max_value=len(parts[number]) * 8 - 1))
    changed = bytearray(parts[number])
    changed[bit // 8] ^= 1 << bit % 8
    return [*parts[:number], bytes(changed), *parts[number + 1 :]]
