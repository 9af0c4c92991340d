"""Many texts looked for in one pass: what a record costs does not grow with how many there are.

A platform's ids of one kind begin alike and have one length. So they are kept by their first bytes and their length:
each beginning is looked for at C's speed, and what stands there is looked up as a whole.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_HEAD: Final = 4  # bytes; a platform's mids share more


class Needles(Generic[T]):
    """Texts, each with what it stands for; several may share a text."""

    def __init__(self) -> None:
        self._by_head: dict[bytes, dict[int, dict[bytes, list[T]]]] = defaultdict(lambda: defaultdict(dict))

    def add(self, needle: bytes, meaning: T) -> None:
        """An empty needle is nowhere."""
        if needle:
            self._by_head[needle[:_HEAD]][len(needle)].setdefault(needle, []).append(meaning)

    def __bool__(self) -> bool:
        return bool(self._by_head)

    def found(self, hay: bytes) -> Sequence[T]:
        """The meaning of each needle in ``hay``, once."""
        meanings: list[T] = []
        seen: set[bytes] = set()
        for head, by_length in self._by_head.items():
            at = hay.find(head)
            while at >= 0:
                for length, needles in by_length.items():
                    text = hay[at : at + length]
                    if text in needles and text not in seen:
                        seen.add(text)
                        meanings += needles[text]
                at = hay.find(head, at + 1)
        return meanings
