"""How far a check of the ledger came, so that the next one goes on from there."""

from pathlib import Path
from typing import Protocol

import msgspec

from kaiwa.compliance.core.merkle import Frontier


class Notes(Protocol):
    """The tree that a checkpoint vouched for; whoever goes on from it compares it with that checkpoint again."""

    def read(self) -> Frontier: ...

    def write(self, covered: Frontier) -> None: ...


class Remembered:
    """For as long as it lives."""

    def __init__(self) -> None:
        self._covered = Frontier()

    def read(self) -> Frontier:
        return self._covered

    def write(self, covered: Frontier) -> None:
        self._covered = covered


class _Covered(msgspec.Struct, frozen=True):
    size: int
    peaks: tuple[bytes, ...]


class NotesFile:
    """In a file; one that is not there or not ours begins at the beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Frontier:
        try:
            covered = msgspec.json.decode(self._path.read_bytes(), type=_Covered)
        except (OSError, msgspec.DecodeError):
            return Frontier()
        if len(covered.peaks) != covered.size.bit_count():
            return Frontier()
        return Frontier(covered.size, covered.peaks)

    def write(self, covered: Frontier) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_bytes(msgspec.json.encode(_Covered(covered.size, covered.peaks)))
        beside.replace(self._path)
