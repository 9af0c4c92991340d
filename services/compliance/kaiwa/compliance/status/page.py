"""From a request's row, or none, to the page. Pure: what it says follows from what it is given."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal

import jinja2

from kaiwa.compliance.status.wording import Words
from kaiwa.compliance.status.words import WORDS

Shown = Literal["received", "in_progress", "done", "refused", "unknown", "busy", "away"]
Look = Literal["past", "now", "ahead", "stop"]

_FOLDER: Final = files("kaiwa.compliance.status")
_STYLE: Final = _FOLDER.joinpath("page.css").read_text("utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"accept-language"),
)
"""Nothing is loaded, framed, sent elsewhere or kept; the one style is named by its hash."""


@dataclass(frozen=True)
class Progress:
    """A request as the page may know it. ``queued`` is the house's own matter: it reads as received."""

    state: str
    refusal: str | None
    received_at: datetime
    due_at: datetime
    finished_at: datetime | None

    @property
    def shown(self) -> Shown:
        match self.state:
            case "done" | "refused" | "in_progress":
                return self.state
            case _:
                return "received"


@dataclass(frozen=True)
class _Step:
    name: str
    look: Look
    said: str
    at: datetime | None = None
    note: str = ""

    @property
    def when(self) -> str:
        return _moment(self.at) if self.at else ""


def render(code: str, found: Progress | Shown, lang: str) -> bytes:
    """``found`` is the request, or what there is instead of one."""
    words = WORDS[lang]
    progress = found if isinstance(found, Progress) else None
    shown = found.shown if isinstance(found, Progress) else found
    page = _template().render(
        lang=lang,
        words=words,
        shown=shown,
        detail=_detail(words, shown, progress),
        steps=_steps(words, shown, progress),
        code=code,
        languages=[(tag, each.name) for tag, each in WORDS.items()],
        style=_STYLE,
    )
    return page.encode()


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_FOLDER.joinpath("page.html").read_text("utf-8"))


def _detail(words: Words, shown: Shown, progress: Progress | None) -> str:
    if shown == "refused" and progress is not None:
        return words.refusal.get(progress.refusal or "", "")
    return words.detail[shown]


def _steps(words: Words, shown: Shown, progress: Progress | None) -> list[_Step]:
    """The same three for everybody; a code that nobody knows has taken none of them."""
    looks: dict[str, tuple[Look, Look, Look]] = {
        "received": ("now", "ahead", "ahead"),
        "in_progress": ("past", "now", "ahead"),
        "done": ("past", "past", "past"),
        "refused": ("past", "past", "stop"),
    }
    first, second, third = looks.get(shown, ("ahead", "ahead", "ahead"))
    said = {"past": words.finished, "now": words.now, "ahead": words.coming, "stop": words.finished}
    received_at = progress.received_at if progress else None
    finished_at = progress.finished_at if progress else None
    waits = progress is not None and shown in {"received", "in_progress"}
    due = words.by.format(date=_moment(progress.due_at)) if progress is not None and waits else ""
    return [
        _Step(words.received, first, said[first], received_at),
        _Step(words.in_progress, second, said[second]),
        _Step(words.refused if shown == "refused" else words.done, third, said[third], finished_at, due),
    ]


def _moment(at: datetime) -> str:
    """The same in every language, and nobody mistakes the month for the day."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
