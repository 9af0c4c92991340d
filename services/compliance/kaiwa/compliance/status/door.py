"""``GET /deletions/{code}``: one row by its code, and the same page in the same time whether it is there or not."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

import asyncpg

from kaiwa.compliance.status.limiter import Limiter
from kaiwa.compliance.status.page import HEADERS, Progress, Shown, render
from kaiwa.compliance.status.words import language
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.http import Receive, Scope, Send, header, respond
from kaiwa.store import queries

_FLOOR: Final = 0.1
"""Seconds that every answer takes: whether a row was found cannot be read off a clock."""

_WITHIN: Final = 3.0  # seconds for the database
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_NO_CODE: Final = "-" * 26  # looked up in place of what cannot be a code

_STATUS: Final[dict[str, int]] = {"unknown": 404, "busy": 429, "away": 503}

_sql: Final = queries.load("kaiwa.compliance")
_log = logs.get_logger()


class StatusPage:
    """``pool`` is asked for anew each time: the port opens when the database is there."""

    def __init__(self, pool: Callable[[], asyncpg.Pool], limiter: Limiter | None = None) -> None:
        self._pool = pool
        self._limiter = limiter or Limiter()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        started = time.monotonic()
        code: str = scope["path_params"]["code"]
        lang = language(_asked(scope), _text(header(scope, b"accept-language")))
        found: Progress | Shown = "busy"
        if self._limiter.admits(_client(scope), started):
            found = await self._find(code)
        shown = found.shown if isinstance(found, Progress) else found
        metrics.STATUS_PAGES.labels(shown).inc()
        page = render(code if _CODE.fullmatch(code) else "—", found, lang)
        headers = [*HEADERS, (b"content-language", lang.encode())]
        status = _STATUS.get(shown, 200)
        if status != 200:  # noqa: PLR2004 - the status of HTTP
            headers.append((b"retry-after", b"60"))
        await asyncio.sleep(max(0.0, started + _FLOOR - time.monotonic()))
        await respond(send, status, page, content_type=b"text/html; charset=utf-8", headers=headers)

    async def _find(self, code: str) -> Progress | Shown:
        wanted = code if _CODE.fullmatch(code) else _NO_CODE
        try:
            async with asyncio.timeout(_WITHIN), self._pool().acquire() as connection:
                row = await _sql.progress_of(connection, code=wanted)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            _log.warning("status_page_without_database", exc_info=error)
            return "away"
        return "unknown" if row is None else Progress(**row)


def _asked(scope: Scope) -> str | None:
    try:
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=8).get("lang", [])
    except ValueError:  # a query of a hundred fields is nobody's who reads
        return None
    return asked[0] if asked else None


def _client(scope: Scope) -> str:
    """Whom the proxy before us names last; it adds that name itself, so a client cannot choose it. Else who connects."""
    forwarded = _text(header(scope, b"x-forwarded-for"))
    if forwarded:
        return forwarded.rpartition(",")[2].strip()
    client = scope.get("client")
    return client[0] if client else ""


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
