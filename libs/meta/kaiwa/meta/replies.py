"""What a complete HTTP answer of the platform says; an error object wins over the status, whichever it is."""

from typing import Any

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.answers import Accepted, Answer, Lost, Refused
from kaiwa.meta.http import Reply
from kaiwa.meta.usage import Usage, usage


class _Success(msgspec.Struct):
    message_id: str | None = None
    recipient_id: str | None = None


class _Done(msgspec.Struct):
    success: bool


class _Error(msgspec.Struct):
    code: int | None = None
    error_subcode: int | None = None
    fbtrace_id: str | None = None
    is_transient: Any = None


class _ErrorBody(msgspec.Struct):
    error: _Error


_success = msgspec.json.Decoder(_Success)
_error = msgspec.json.Decoder(_ErrorBody)
_done = msgspec.json.Decoder(_Done)


def read(reply: Reply) -> Answer:
    """What became of a message."""
    try:
        error = _error.decode(reply.content).error
    except UNREADABLE:
        error = None
    if error is not None:
        return Refused(
            error.code,
            error.error_subcode,
            error.fbtrace_id,
            usage(reply.headers),
            passing=reply.is_server_error or error.is_transient is True,
        )
    if reply.is_success:
        try:
            success = _success.decode(reply.content)
        except UNREADABLE:
            return Lost("unreadable answer")
        named = success.message_id or success.recipient_id
        if not named:
            return Lost("nothing named")
        return Accepted(success.message_id, success.recipient_id, usage(reply.headers))
    if reply.is_server_error:
        return Lost(f"HTTP {reply.status}")
    return Refused(None, None, None, usage(reply.headers))


def read_done(reply: Reply) -> Answer:
    """The same for an edge that makes no message: it answers `{"success": true}`."""
    said = read(reply)
    if not isinstance(said, Lost) or not reply.is_success:
        return said
    try:
        return Accepted(None, None, usage(reply.headers)) if _done.decode(reply.content).success else said
    except UNREADABLE:
        return said


def limits(reply: Reply) -> Refused | Usage | None:
    """What it says of limits: a refusal, or else its usage headers, if it has any."""
    said = read(reply)
    return said if isinstance(said, Refused) else usage(reply.headers)
