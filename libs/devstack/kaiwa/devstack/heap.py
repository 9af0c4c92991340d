"""Looking into PostgreSQL's own files: a row that is deleted or changed stays in them until something takes its place.

Every file of the database is read, whatever relation it belongs to (heap, index, TOAST, statistics), after a checkpoint. In
heap pages what PostgreSQL compressed in its row is decompressed, too. Not seen: what was compressed and then stored out of
line, in pieces; the write-ahead log, which has a retention of its own.
"""

import asyncio
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kaiwa.store.pool import connection

_PAGE: Final = 8192  # bytes
_WORD: Final = struct.Struct("<I")
_HEADER: Final = 8  # bytes: length and kind, then size when decompressed and method
_MOST: Final = 1 << 20  # bytes, decompressed; no row of ours is longer

_RELATIONS: Final = "select pg_relation_filenode(oid)::text as file, relname as name from pg_class where relkind in ('r','i','t')"


async def files_with(dsn: str, data_dir: Path, *markers: str) -> set[str]:
    """The relations of a database in whose files a marker stands, with how: ``cases raw``, ``verdicts compressed``."""
    async with connection(dsn, application="scanner") as database:
        await database.execute("analyze")
        await database.execute("checkpoint")
        oid = await database.fetchval("select oid from pg_database where datname = current_database()")
        names = {row["file"]: row["name"] for row in await database.fetch(_RELATIONS)}
    wanted = [marker.encode() for marker in markers]
    return await asyncio.to_thread(lambda: {*_found(data_dir / "base" / str(oid), names, wanted)})


def _found(folder: Path, names: Mapping[str, str], wanted: list[bytes]) -> Iterator[str]:
    for path in folder.iterdir():
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # dropped while we looked
        name = names.get(path.name.partition(".")[0].partition("_")[0], path.name)
        if any(marker in content for marker in wanted):
            yield f"{name} raw"
        if any(marker in part for part in _decompressed(content) for marker in wanted):
            yield f"{name} compressed"


def _decompressed(content: bytes) -> Iterator[bytes]:
    """Whatever in the pages may be a compressed value. What is none fails to decompress, or becomes noise."""
    for at, (word,) in enumerate(_WORD.iter_unpack(content[: len(content) // 4 * 4])):
        begin, length = 4 * at, word >> 2
        if word & 3 != 2 or not _HEADER < length <= _PAGE - begin % _PAGE or begin + length > len(content):  # noqa: PLR2004 - "compressed, in the row"
            continue
        (size,) = _WORD.unpack_from(content, begin + 4)
        if length < size <= _MOST and (part := _pglz(content[begin + _HEADER : begin + length], size)):
            yield part


def _pglz(source: bytes, size: int) -> bytes | None:
    """PostgreSQL's own compression (`src/common/pg_lzcompress.c`); None where this is none."""
    out, at = bytearray(), 0
    try:
        while at < len(source) and len(out) < size:
            control, at = source[at], at + 1
            for bit in range(8):
                if at >= len(source) or len(out) >= size:
                    break
                if not control >> bit & 1:
                    out.append(source[at])
                    at += 1
                    continue
                length, back = (source[at] & 0x0F) + 3, (source[at] & 0xF0) << 4 | source[at + 1]
                at += 2
                if length == 18:  # noqa: PLR2004 - the longest that fits; the rest follows
                    length, at = length + source[at], at + 1
                if not 0 < back <= len(out):
                    return None
                for _ in range(length):
                    out.append(out[-back])
    except IndexError:
        return None
    return bytes(out) if len(out) == size else None
