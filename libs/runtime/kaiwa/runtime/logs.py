"""Logs: one JSON line each on stderr, and never any content.

What may be said is a list (`SAFE`), not what may not: a key that is not on it loses its value and is named under
`dropped`, so that the gap is seen in development. The event is a constant of the source, so it may be read. Exceptions
are logged by type and place; their message only if it is a `KaiwaError`, whose messages are written to be shown.
Lines of other libraries come through the same pipe from WARNING up, as their template without its arguments.
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import Final

import structlog
from structlog.types import EventDict, FilteringBoundLogger, WrappedLogger

from kaiwa.runtime.errors import KaiwaError

SAFE: Final = frozenset(
    {
        # every line
        "event", "level", "timestamp", "service", "trace_id", "logger", "exc_info",
        # what happened, in words of our catalogues
        "reason", "outcome", "state", "attempt", "loop", "finding", "why", "escalation",
        # what it was about: names of ours, positions, counts, durations in seconds
        "task", "path", "port", "settings", "variable", "signal", "topic", "topics", "partition", "partitions",
        "offset", "offsets", "group", "generation", "lag", "count", "records", "bytes", "seconds", "bound", "kind",
        "stream", "status", "code", "subcode", "holder", "scope", "migrations", "schema", "lock", "leaves", "lane",
        "app_id", "account_id", "request_id", "event_id", "erasure_id",
        "verdict_id", "key_id", "tree_size", "slice", "table",
    }
)  # fmt: skip

_LONGEST: Final = 300

# aiokafka's warnings name nodes, topics and error codes, never records.
_TRUSTED: Final = ("aiokafka",)


def get_logger() -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def configure(service: str, *, level: str = "INFO") -> None:
    """Send every log line of this process through the pipe; `service` stands on each."""

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            name_service,
            keep_safe,
            name_exception,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # stderr as it is now, redirected or not
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)


def name_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the types of the exception and its causes, and the place it was raised at."""
    match event.pop("exc_info", None):
        case BaseException() as error:
            pass
        case (_, BaseException() as error, _):
            pass
        case True if (current := sys.exception()) is not None:
            error = current
        case _:
            return event
    event["error"] = type(error).__qualname__
    event["where"] = _place(error)
    if isinstance(error, KaiwaError):
        event["explanation"] = str(error)
    if causes := [type(cause).__qualname__ for cause in _causes(error)]:
        event["caused_by"] = causes
    return event


def _place(error: BaseException) -> str | None:
    frames = traceback.extract_tb(error.__traceback__)
    # Our own last frame says more than the library's innermost one, where there is one.
    ours = [frame for frame in frames if "/kaiwa/" in frame.filename] or frames
    return f"{_module(ours[-1].filename)}:{ours[-1].lineno} {ours[-1].name}" if ours else None


def _module(filename: str) -> str:
    path = Path(filename)
    return "/".join(path.parts[path.parts.index("kaiwa") :]) if "kaiwa" in path.parts else path.name


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def keep_safe(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop what is not known to be safe, and cut what is long."""
    safe: dict[str, object] = {key: _cut(value) for key, value in event.items() if key in SAFE}
    if dropped := sorted(str(key) for key in event if key not in SAFE):
        safe["dropped"] = dropped
    return safe


def _cut(value: object) -> object:
    match value:
        case str() | Path():
            text = str(value)
            return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
        case bytes() | bytearray() | memoryview():
            return f"{len(value)} bytes"
        case _:
            return value


class _Foreign(logging.Handler):
    """Lines of the standard library's logging, which may have content in their arguments and behind their first colon."""

    def emit(self, record: logging.LogRecord) -> None:
        trusted = record.name.split(".")[0] in _TRUSTED
        text = record.getMessage() if trusted else str(record.msg).partition(": ")[0]
        line = text.partition("\n")[0]
        get_logger().log(record.levelno, line, logger=record.name, exc_info=record.exc_info)
