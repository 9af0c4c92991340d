"""One request at the door: who asks, what the body and the query say, and how it is answered."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher.core.faults import Fault
from kaiwa.dispatcher.door.callers import Caller, Callers
from kaiwa.dispatcher.door.problems import Refused, answer, away
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.http import (
    AsgiHandler,
    BodyTimeout,
    BodyTooLarge,
    ClientGone,
    Receive,
    Scope,
    Send,
    header,
    read_body,
    respond,
)
from kaiwa.store.pool import UNREACHABLE

_MOST_BYTES: Final = 256 * 1024  # the longest text and the largest template are far below
_BODY_WITHIN: Final = 10.0  # seconds
_MOST_PARAMETERS: Final = 16
_JSON: Final = b"application/json"
_AT: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN: Final = re.compile(r"contains unknown field `([^`]+)`")

B = TypeVar("B", bound=msgspec.Struct)
_log = logs.get_logger()


def _faultless(_: bytes) -> None:
    return None


@dataclass(frozen=True)
class Asked:
    """What a route works with."""

    caller: Caller
    scope: Scope
    receive: Receive

    def path(self, name: str) -> str:
        value: str = self.scope["path_params"][name]
        return value

    def query(self, *known: str) -> dict[str, str]:
        """The query's parameters, each once; Refused for any that is not ``known``."""
        if not (given := self.scope.get("query_string")):
            return {}
        try:
            text = given.decode("ascii")
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=_MOST_PARAMETERS,
            )
        except ValueError as error:
            raise bad("query", "the query cannot be read") from error
        found = dict(pairs)
        for name in found:
            if name not in known:
                raise bad("query", "the query has a parameter that is not known here", field=name[:40])
        if len(found) != len(pairs):
            raise bad("query", "a parameter is given twice")
        return found

    async def body(self, kind: type[B], *, faulty: Callable[[bytes], Fault | None] = _faultless) -> B:
        """Raises Refused: 400 for what is no JSON, 408, 413, 415, and 422 with the field that is wrong.

        ``faulty`` sees what ``kind`` does not: the fields that it does not know.
        """
        content_type = header(self.scope, b"content-type") or b""
        if content_type.partition(b";")[0].strip().lower() != _JSON:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "the body must be application/json")
        try:
            given = await read_body(self.scope, self.receive, limit=_MOST_BYTES, within=_BODY_WITHIN)
        except BodyTooLarge as error:
            detail = f"the body may have {_MOST_BYTES} bytes"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail) from error
        except BodyTimeout as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the body did not arrive") from error
        try:
            if wrong := faulty(given):
                raise invalid(wrong.explanation, field=wrong.field, reason=wrong.reason)
            body: B = _decoder(kind).decode(given)
        except msgspec.ValidationError as error:
            raise _misshapen(str(error)) from error
        except UNREADABLE as error:
            raise bad("body", "the body is no JSON") from error
        return body


Route = Callable[[Asked], Awaitable["Answer"]]


@dataclass(frozen=True)
class Answer:
    """What a route answers: a struct of :mod:`kaiwa.contracts.door`."""

    status: int
    value: msgspec.Struct
    headers: tuple[tuple[bytes, bytes], ...] = ()


def guarded(route: Route, callers: Callers) -> AsgiHandler:
    """The handler of a route: the key first, and a problem in words for whatever goes wrong."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        try:
            caller = await callers.admit(header(scope, b"authorization"))
            answered = await route(Asked(caller, scope, receive))
        except ClientGone:
            return
        except Refused as refused:
            status = refused.problem.status
            await answer(send, refused)
        except UNREACHABLE as error:
            _log.warning("door_without_database", exc_info=error)
            status = HTTPStatus.SERVICE_UNAVAILABLE
            await answer(send, away("the database"))
        except Exception as error:  # noqa: BLE001 - a fault of ours is said like every other
            _log.error("door_failed", exc_info=error)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            await answer(send, Refused(status, "fault", "the door failed; the log says where"))
        else:
            status = answered.status
            body = msgspec.json.encode(answered.value)
            await respond(send, status, body, content_type=_JSON, headers=answered.headers)
        metrics.DOOR_REQUESTS.labels(f"{scope['method']} {scope['route']}", str(int(status))).inc()
        metrics.DOOR_SECONDS.labels(f"{scope['method']} {scope['route']}").observe(time.monotonic() - began)

    return handle


def bad(name: str, detail: str, *, field: str | None = None) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"bad_{name}", detail, field=field)


def invalid(detail: str, *, field: str | None = None, reason: Reason = Reason.INVALID) -> Refused:
    """What can be read and may not be sent."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, reason=reason, field=field)


def _misshapen(complaint: str) -> Refused:
    """msgspec's words, and the place that they name; they quote types and names of fields, never values."""
    found = _AT.search(complaint)
    place = found[1] if found else ""
    if named := _MISSING.search(complaint) or _UNKNOWN.search(complaint):
        place = ".".join(part for part in (place, named[1][:40]) if part)
    return invalid(_AT.sub("", complaint)[:200], field=place or None)


@lru_cache
def _decoder(kind: type[msgspec.Struct]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)
