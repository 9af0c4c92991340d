"""The tree against the RFC's own definitions, written down again here without looking at ours."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.compliance.core import merkle
from kaiwa.compliance.core.merkle import Frontier

ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [  # of the first n of these entries; the vectors that implementations of Certificate Transparency share
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
TREES = range(1, 34)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mth(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    n = len(entries)
    if n == 0:
        return sha(b"")
    if n == 1:
        return sha(b"\x00" + entries[0])
    k = max(2**power for power in range(n) if 2**power < n)
    return sha(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def entries(count: int) -> list[bytes]:
    return [number.to_bytes(2) for number in range(count)]


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf(entry) for entry in entries(count)]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_known_roots(size: int) -> None:
    assert merkle.root([merkle.leaf(entry) for entry in ENTRIES[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", [0, *TREES])
def test_root_is_the_rfcs(size: int) -> None:
    assert merkle.root(leaves(size)) == mth(entries(size))


@given(st.lists(st.integers(0, 9), max_size=8))
def test_growing_in_steps_gives_the_same_tree(steps: list[int]) -> None:
    """Broken by: peaks merged in another order, or one too few."""
    all_leaves, tree = leaves(sum(steps)), Frontier()
    for start, end in pairwise([0, *(sum(steps[: n + 1]) for n in range(len(steps)))]):
        tree = tree.extended(all_leaves[start:end])
    assert tree == Frontier().extended(all_leaves)
    assert tree.root == mth(entries(sum(steps)))


@pytest.mark.parametrize("size", TREES)
def test_every_leaf_is_shown_to_be_in_its_tree_and_nowhere_else(size: int) -> None:
    all_leaves = leaves(size)
    head = mth(entries(size))
    for index, leaf in enumerate(all_leaves):
        proof = merkle.inclusion_proof(index, all_leaves)
        assert merkle.includes(head, size, index, leaf, proof)
        assert not merkle.includes(head, size, index, merkle.leaf(b"forged"), proof)
        assert not merkle.includes(head, size, (index + 1) % size, leaf, proof) or size == 1
        assert not merkle.includes(head, size, index, leaf, [*proof, head])
        assert not proof or not merkle.includes(head, size, index, leaf, proof[:-1])


@pytest.mark.parametrize("size", TREES)
def test_every_older_tree_is_shown_to_be_its_beginning(size: int) -> None:
    all_leaves = leaves(size)
    head = mth(entries(size))
    for old_size in range(1, size + 1):
        proof, old_head = merkle.consistency_proof(old_size, all_leaves), mth(entries(old_size))
        assert merkle.extends(head, size, old_head, old_size, proof)
        assert not merkle.extends(head, size, merkle.leaf(b"forged"), old_size, proof)
        assert not merkle.extends(merkle.leaf(b"forged"), size, old_head, old_size, proof)
        assert not merkle.extends(head, size, old_head, old_size, [*proof, head])
        assert not proof or not merkle.extends(head, size, old_head, old_size, proof[:-1])


def test_the_rfcs_example_of_seven_leaves() -> None:
    """RFC 9162, 2.1.5: the proofs of a tree of seven, by the names in its drawing."""
    a, b, c, d, e, f, j = leaves(7)
    g, h, i = (merkle.node(*pair) for pair in ((a, b), (c, d), (e, f)))
    k, l = merkle.node(g, h), merkle.node(i, j)  # noqa: E741 - the RFC's names
    seven = leaves(7)
    assert merkle.inclusion_proof(0, seven) == [b, h, l]
    assert merkle.inclusion_proof(3, seven) == [c, g, l]
    assert merkle.inclusion_proof(4, seven) == [f, j, k]
    assert merkle.inclusion_proof(6, seven) == [i, k]
    assert merkle.consistency_proof(3, seven) == [c, d, g, l]
    assert merkle.consistency_proof(4, seven) == [l]
    assert merkle.consistency_proof(6, seven) == [i, j, k]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_of_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(index, leaves(size))
    assert not merkle.includes(merkle.root(leaves(size)), size, index, merkle.leaf(b""), [])


@pytest.mark.parametrize(("old_size", "size"), [(0, 3), (4, 3)])
def test_no_proof_from_a_tree_that_is_not_older(old_size: int, size: int) -> None:
    with pytest.raises(ValueError, match="cannot extend"):
        merkle.consistency_proof(old_size, leaves(size))
    assert not merkle.extends(merkle.root(leaves(size)), size, merkle.EMPTY, old_size, [merkle.EMPTY])
