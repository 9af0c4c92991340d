"""The little of HTTP that our services speak, as raw ASGI: a framework costs more than the work it would frame.

BodyError
├── BodyTooLarge   413: above the cap, not read
├── BodyTimeout    408: did not arrive in time
└── ClientGone     nobody to answer
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiHandler: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]


ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
"""On every answer: it is what it says it is, and nobody keeps it."""


ARRIVED: Final = "kaiwa.arrived"
"""In a request's scope once its whole body is here: then there is nothing to wait for, and no clock to set."""


class BodyError(Exception):
    """The request's body did not come in whole."""


class BodyTooLarge(BodyError):
    """The body is above the cap."""


class BodyTimeout(BodyError):
    """The body did not arrive in time."""


class ClientGone(BodyError):
    """The client left before its body was whole."""


async def respond(
    send: Send,
    status: int,
    body: bytes = b"",
    *,
    content_type: bytes = b"text/plain; charset=utf-8",
    headers: Headers = (),
) -> None:
    length = str(len(body)).encode()
    start = [(b"content-type", content_type), (b"content-length", length), *ALWAYS, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, value: object, *, headers: Headers = ()) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    await respond(send, status, body, content_type=b"application/json", headers=headers)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a header; ASGI names are lower case."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


async def read_body(scope: Scope, receive: Receive, *, limit: int, within: float) -> bytes:
    """The whole body, at most `limit` bytes, complete `within` seconds; else a `BodyError`.

    A declared length above the limit is refused before a byte is read, a false or missing one as soon as it shows.
    """
    declared = header(scope, b"content-length")
    if declared is not None and int(declared) > limit:  # the HTTP parser let only digits through
        raise BodyTooLarge
    if ARRIVED in scope:
        return await _read(receive, limit)
    try:
        async with asyncio.timeout(within):
            return await _read(receive, limit)
    except TimeoutError:
        raise BodyTimeout from None


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
