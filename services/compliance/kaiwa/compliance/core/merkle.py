"""A Merkle tree over a growing list, after RFC 9162 section 2.1: heads, proofs, and how to check them.

A leaf is ``SHA-256(0x00 ‖ entry)``, a node ``SHA-256(0x01 ‖ left ‖ right)``; the two prefixes keep a node from
being passed off as an entry. Functions that make proofs take the leaves' hashes; those that check proofs need
nothing but the proof, so that a stranger can run them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

EMPTY = hashlib.sha256().digest()
"""The head of a tree without leaves."""


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """A tree of ``size`` leaves as the heads of its complete subtrees, largest first: all that growing needs.

    The subtrees' sizes are the powers of two in ``size``, so the frontier of a million leaves is 20 hashes
    at most.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extended(self, leaves: Sequence[bytes]) -> "Frontier":
        size, peaks = self.size, list(self.peaks)
        for head in leaves:
            merged, below = head, size
            while below & 1:
                merged = node(peaks.pop(), merged)
                below >>= 1
            peaks.append(merged)
            size += 1
        return Frontier(size, tuple(peaks))

    def joined(self, other: "Frontier") -> "Frontier":
        """This tree with the leaves of ``other`` behind its own. ``other`` begins where a subtree of its size may."""
        size, peaks, left = self.size, list(self.peaks), other.size
        for peak in other.peaks:
            height = left.bit_length() - 1
            if size & ((1 << height) - 1):
                raise ValueError(f"a subtree of {1 << height} leaves cannot begin at {size}")
            merged, below = peak, size >> height
            while below & 1:
                merged = node(peaks.pop(), merged)
                below >>= 1
            peaks.append(merged)
            size, left = size + (1 << height), left - (1 << height)
        return Frontier(size, tuple(peaks))

    def floored(self, width: int) -> "Frontier":
        """The part of this tree that ends where a subtree of ``width`` (a power of two) leaves may begin."""
        kept = self.size - self.size % width
        return Frontier(kept, self.peaks[: kept.bit_count()])

    @property
    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY
        head = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            head = node(peak, head)
        return head


class Levels:
    """All complete subtrees over some leaves, level by level: the frontier of any beginning is read off them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        sha256 = hashlib.sha256  # a node for every leaf: the name is looked up once
        self._levels = [leaves]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])

    def frontier(self, size: int) -> Frontier:
        """Of the first ``size`` leaves."""
        peaks, done = [], 0
        for height in range(len(self._levels) - 1, -1, -1):
            if size >> height & 1:
                peaks.append(self._levels[height][done >> height])
                done += 1 << height
        return Frontier(size, tuple(peaks))


def root(leaves: Sequence[bytes]) -> bytes:
    return Frontier().extended(leaves).root


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The sibling heads from leaf ``index`` up to the root (2.1.3.1). Raises ValueError outside the tree."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"entry {index} is not in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(index, leaves[:split]), root(leaves[split:])]
    return [*inclusion_proof(index - split, leaves[split:]), root(leaves[:split])]


def consistency_proof(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The heads that show the first ``old_size`` leaves unchanged (2.1.4.1). Raises ValueError outside the tree."""
    if not 0 < old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} cannot extend one of {old_size}")
    return _consistency(old_size, leaves, complete=True)


def _consistency(old_size: int, leaves: Sequence[bytes], *, complete: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if complete else [root(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_consistency(old_size, leaves[:split], complete=complete), root(leaves[split:])]
    return [*_consistency(old_size - split, leaves[split:], complete=False), root(leaves[:split])]


def includes(head: bytes, size: int, index: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows the leaf at ``index`` of the tree with this head and size (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node(sibling, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == head


def extends(head: bytes, size: int, old_head: bytes, old_size: int, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree only grew from ``old_size`` to ``size`` leaves (2.1.4.2)."""
    if old_size == size:
        return not proof and old_head == head
    if not 0 < old_size < size or not proof:
        return False
    path = [old_head, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    here, last = old_size - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = node(sibling, before), node(sibling, after)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            after = node(after, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and before == old_head and after == head


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
