"""The check that the ledger still is what was signed: the tree is recomputed and compared with every checkpoint.

Entries are read in stretches that begin where a subtree may, so that stretches can be recomputed side by side and
joined afterwards, and a check that was interrupted goes on from what a checkpoint already vouched for.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kaiwa.compliance.core.checkpoints import Keyring
from kaiwa.compliance.core.entries import leaf_of
from kaiwa.compliance.core.merkle import Frontier, Levels
from kaiwa.contracts.erasures import Checkpoint

STRETCH = 1 << 14
"""Entries of one stretch at most: a power of two, so that each is a subtree of its own."""


class Tampered(Exception):
    """The ledger is not what was signed; the message names the first place where it differs."""


@dataclass(frozen=True)
class Witness:
    """A checkpoint and who kept it (``database``, ``topic``, ``file``)."""

    kept_by: str
    checkpoint: Checkpoint


Sealed = tuple[int, str, datetime, bytes, bytes | None]
"""The number of an entry, its kind, time and commitment, and the leaf that was stored with it."""


@dataclass(frozen=True)
class Stretch:
    """Consecutive entries, recomputed: their own little tree, and what it was at the sizes that were asked for."""

    first: int
    tree: Frontier
    heads: Mapping[int, Frontier]


def recompute(first: int, rows: Sequence[Sealed], sizes: Iterable[int]) -> Stretch:
    """The stretch of these rows. ``sizes`` are sizes of the whole tree. Raises Tampered where a row is not the next
    one or not what was sealed.
    """
    leaves = []
    for wanted, (seq, kind, recorded_at, committed, stored) in enumerate(rows, first):
        if seq != wanted:
            raise Tampered(f"entry {wanted} is missing: the next one is {seq}")
        leaf = leaf_of(kind, recorded_at.isoformat(timespec="microseconds"), committed)
        if leaf != stored:
            raise Tampered(f"entry {seq} is not what was sealed")
        leaves.append(leaf)
    levels = Levels(leaves)
    asked = (size for size in sizes if first < size <= first + len(leaves))
    return Stretch(
        first, levels.frontier(len(leaves)), {size: levels.frontier(size - first) for size in asked}
    )


class Check:
    """Joins stretches in their order and compares the tree with every checkpoint on the way; each step raises
    Tampered. ``from_`` is where an earlier check stopped; it counts only where a checkpoint vouches for it.
    """

    def __init__(self, witnesses: Iterable[Witness], ring: Keyring, *, from_: Frontier | None = None) -> None:
        self._heads: dict[int, list[Witness]] = {}
        known: set[Checkpoint] = set()
        for witness in witnesses:
            head = witness.checkpoint
            if head not in known and not ring.genuine(head):
                raise Tampered(
                    f"the checkpoint of {head.tree_size} entries in the {witness.kept_by} has no valid signature"
                )
            known.add(head)
            self._heads.setdefault(head.tree_size, []).append(witness)
        self._covered = Frontier()
        self.tree = Frontier()
        if from_ is not None and self._vouched(from_):
            self.tree, self._covered = from_.floored(STRETCH), from_

    @property
    def covered(self) -> Frontier:
        """The largest tree so far that a checkpoint vouches for: where the next check may go on."""
        return self._covered

    def sizes(self, first: int, last: int) -> list[int]:
        """The sizes above ``first``, up to ``last``, of which there is a checkpoint."""
        return [size for size in self._heads if first < size <= last]

    def add(self, stretch: Stretch) -> None:
        if stretch.first != self.tree.size:
            raise Tampered(f"entry {self.tree.size} is missing: the next one is {stretch.first}")
        for size in sorted(stretch.heads):
            self._compare(self.tree.joined(stretch.heads[size]))
        self.tree = self.tree.joined(stretch.tree)

    def end(self) -> None:
        newest = max(self._heads, default=0)
        if newest > self.tree.size:
            kept_by = self._heads[newest][0].kept_by
            raise Tampered(
                f"entry {self.tree.size} is missing: the checkpoint in the {kept_by} has {newest} entries"
            )
        if self._covered.size < self.tree.size:
            raise Tampered(f"entry {self._covered.size} is sealed, but no checkpoint covers it")

    def _vouched(self, tree: Frontier) -> bool:
        heads = self._heads.get(tree.size, ())
        return bool(heads) and all(head.checkpoint.root == _text(tree) for head in heads)

    def _compare(self, tree: Frontier) -> None:
        root = _text(tree)
        for witness in self._heads.get(tree.size, ()):
            if witness.checkpoint.root != root:
                raise Tampered(
                    f"entries {self._covered.size} to {tree.size - 1} are not those of the checkpoint of "
                    f"{tree.size} entries in the {witness.kept_by}"
                )
            if tree.size > self._covered.size:
                self._covered = tree


def _text(tree: Frontier) -> str:
    return base64.b64encode(tree.root).decode()
