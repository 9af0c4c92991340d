"""`kaiwa top`: ask every process, show what they say together, again and again."""

import contextlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPException
from typing import Annotated, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

import typer
from rich.console import Console
from rich.live import Live

from kaiwa.runtime.cli import Json, emit
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.files import state_folder
from kaiwa.runtime.top.addresses import VARIABLE, Address, addresses
from kaiwa.runtime.top.figures import Look
from kaiwa.runtime.top.frame import Frame
from kaiwa.runtime.top.scrapes import Away, Scrape, Unreadable, read

WINDOW: Final = 30.0
"""Seconds over which rates are computed, once that much was seen."""

_WITHIN: Final = 2.0
_MOST_BYTES: Final = 8 * 2**20
_HTTP: Final = build_opener(ProxyHandler({}))  # services are near; no proxy leads to them


def top(
    *,
    url: Annotated[
        list[str] | None,
        typer.Option(
            help="A process, as [NAME=]http://HOST:PORT; once for each. Else what `kaiwa up` started, else the usual ports.",
            envvar=VARIABLE,
        ),
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one frame, after two looks.")] = False,
    as_json: Json = False,
) -> None:
    """Are messages flowing, and are we compliant? From the services' metrics, without Grafana.

    Exit code of a single frame: 3 where a process does not answer, 1 where one is not ready.
    """
    watched = [Watched(address) for address in addresses(url or [], state_folder("platform") / "state.json")]
    with ThreadPoolExecutor(len(watched)) as threads:
        console = Console()
        if once or as_json or not console.is_terminal:
            _look(threads, watched)
            time.sleep(every)
            frame = _look(threads, watched)
            emit(frame.plain(), as_json=as_json, table=frame)
            _leave(frame)
        else:
            with contextlib.suppress(KeyboardInterrupt), Live(console=console, screen=True) as live:
                while True:
                    live.update(_look(threads, watched), refresh=True)
                    time.sleep(every)


class Watched:
    """One process and what it said in the last `WINDOW` seconds."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._name = address.name or address.url.partition("://")[2]
        self._said: deque[Scrape] = deque()

    def look(self) -> Look:
        now = _scrape(self._address.url)
        if isinstance(now, Away):
            self._said.clear()
            return Look(self._name, self._address.url, now)
        if not self._address.name:
            self._name = now.service
        while len(self._said) > 1 and self._said[1].at <= now.at - WINDOW:
            self._said.popleft()
        before = self._said[0] if self._said else None
        self._said.append(now)
        return Look(self._name, self._address.url, now, before)


def _look(threads: ThreadPoolExecutor, watched: list[Watched]) -> Frame:
    return Frame(list(threads.map(Watched.look, watched)))


def _leave(frame: Frame) -> None:
    if frame.away:
        raise DependencyError(
            f"no answer from {', '.join(frame.away)}: is it started, and is its address right?"
        )
    if frame.not_ready:
        raise typer.Exit(1)


def _scrape(url: str) -> Scrape | Away:
    at = time.monotonic()
    try:
        return _answer(url, at)
    except Unreadable as error:
        return Away(at, str(error))
    except TimeoutError:
        return Away(at, f"no answer within {_WITHIN:g} s")
    except URLError as error:
        return Away(at, getattr(error.reason, "strerror", None) or type(error.reason).__name__)
    except (OSError, HTTPException) as error:
        return Away(at, type(error).__name__)


def _answer(url: str, at: float) -> Scrape:
    status, text = _get(f"{url}/metrics")
    if status != HTTPStatus.OK:
        raise Unreadable(f"answers {status}")
    status, reason = _get(f"{url}/readyz")
    return read(text, at=at, not_ready=None if status == HTTPStatus.OK else reason.strip() or str(status))


def _get(url: str) -> tuple[int, str]:
    try:
        with _HTTP.open(url, timeout=_WITHIN) as answer:
            text = answer.read(_MOST_BYTES).decode(errors="replace")
            if answer.length:
                raise Unreadable("its answer was cut off")
            return answer.status, text
    except HTTPError as error:
        with error:
            return error.code, error.read(_MOST_BYTES).decode(errors="replace")
