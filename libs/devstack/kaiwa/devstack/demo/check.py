"""One promise, held against what happened."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`faults` is empty where the promise was kept."""

    promise: str
    figures: str
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def listed(names: Iterable[str | None]) -> str:
    return ", ".join(f"{n} {name}" for name, n in Counter(names).most_common() if name) or "none"
