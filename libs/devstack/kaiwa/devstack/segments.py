"""Looking into the broker's own files: what a deletion must have left nothing in.

A consumer sees the logical log only. Here every regular file of every partition's folder is read, whatever its name
(segments, `.deleted`, `.cleaned`, `.swap`, indexes, snapshots), as raw bytes; and every file of records is also
decoded, as compression hides plaintext from a search of bytes. A file that does not decode is not clean.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiokafka.record.memory_records import MemoryRecords

_RECORDS = re.compile(r"\.log(\.|$)")
_BATCH = struct.Struct(">qi")  # base offset, bytes that follow


@dataclass(frozen=True)
class Trace:
    """`how`: `raw`, `decoded`, or `unreadable` where nobody can tell."""

    file: str
    how: str


def traces(log_dir: Path, topic: str, *markers: bytes) -> set[Trace]:
    """Where any of the markers is in the files of a topic's partitions (also those that are being deleted)."""
    folders = [folder for folder in log_dir.iterdir() if folder.is_dir() and folder.name.startswith(topic)]
    if not folders:
        raise LookupError(f"no partition of {topic} in {log_dir}")
    return {trace for folder in folders for trace in _folder(folder, markers)}


def _folder(folder: Path, markers: tuple[bytes, ...]) -> set[Trace]:
    while True:
        try:
            return {trace for file in folder.iterdir() if file.is_file() for trace in _file(file, markers)}
        except FileNotFoundError:  # renamed or deleted under our eyes: whatever it was, look again
            if not folder.exists():
                return set()


def _file(file: Path, markers: tuple[bytes, ...]) -> Iterator[Trace]:
    name, content = f"{file.parent.name}/{file.name}", file.read_bytes()
    if any(marker in content for marker in markers):
        yield Trace(name, "raw")
    if _RECORDS.search(file.name):
        whole = content[: _whole(content)]
        if len(whole) < len(content) and not file.name.endswith(".log"):
            yield Trace(name, "unreadable")  # only the broker's last append may be half there
        try:
            if any(marker in part for part in _parts(whole) for marker in markers):
                yield Trace(name, "decoded")
        except Exception:  # noqa: BLE001 - whatever it is, nobody can tell what the file holds
            yield Trace(name, "unreadable")


def _whole(content: bytes) -> int:
    """The length of the complete batches at the beginning."""
    end = 0
    while end + _BATCH.size <= len(content):
        _, length = _BATCH.unpack_from(content, end)
        if length <= 0 or end + _BATCH.size + length > len(content):
            break
        end += _BATCH.size + length
    return end


def _parts(content: bytes) -> Iterator[bytes]:
    """Keys, values and headers of every record."""
    records = MemoryRecords(content)
    while (batch := records.next_batch()) is not None:
        for record in batch:
            yield record.key or b""
            yield record.value or b""
            for name, value in record.headers:
                yield name.encode()
                yield value or b""
