"""The door for Meta: the challenge, and deliveries. Nothing looks at a body before its signature was found good.

GET   200 the challenge · 403 wrong token
POST  200 Kafka has all of it · 401 signature · 413 and 408 body too large, too slow · 503 come again
"""

import hmac
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import parse_qs

from kaiwa.bus import tracing
from kaiwa.bus.errors import PublishFailed
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.ingest.publish import Delivery
from kaiwa.ingest.settings import MAX_BODY_BYTES
from kaiwa.meta.signatures import App, verify
from kaiwa.runtime import clock, metrics
from kaiwa.runtime.http import (
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

_BODY_SECONDS = 4.0
"""A body that takes longer is answered too late to be of use to anyone."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What is safe to echo to a browser (platform.md 1.2)."""


class Overloaded(Exception):
    """As many bytes are being handled as may be."""


class BadSignature(Exception):
    """Missing, malformed, or made with no secret of ours."""


class Outcome(NamedTuple):
    """How a delivery ended: its name in the metrics, and the answer, if anybody waits for one."""

    name: str
    status: int | None
    headers: tuple[tuple[bytes, bytes], ...] = ()


_CLOSE = (b"connection", b"close")
_LATER = (b"retry-after", b"5")

_ACCEPTED = Outcome("accepted", 200)
_FAILURES: dict[type[Exception], Outcome] = {
    BadSignature: Outcome("bad_signature", 401),
    BodyTooLarge: Outcome("too_large", 413, (_CLOSE,)),
    BodyTimeout: Outcome("too_slow", 408, (_CLOSE,)),
    ClientGone: Outcome("gone", None),
    Overloaded: Outcome("overloaded", 503, (_LATER,)),
    PublishFailed: Outcome("unavailable", 503, (_LATER,)),
}


class InFlight:
    """Bounds the bytes of bodies between arrival and answer."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        if self._bytes + size > self._limit:
            raise Overloaded
        self._add(size)
        try:
            yield
        finally:
            self._add(-size)

    def _add(self, size: int) -> None:
        self._bytes += size
        metrics.BYTES_IN_FLIGHT.set(self._bytes)


class Webhook:
    """``tokens`` and ``apps`` give what is in force now: their files may change while we run.

    ``publish`` returns once Kafka has the whole delivery, or raises PublishFailed.
    """

    def __init__(
        self,
        *,
        tokens: Callable[[], Sequence[str]],
        apps: Callable[[], Sequence[App]],
        publish: Callable[[Delivery], Awaitable[None]],
        max_bytes_in_flight: int,
    ) -> None:
        self._tokens = tokens
        self._apps = apps
        self._publish = publish
        self._in_flight = InFlight(max_bytes_in_flight)

    async def challenge(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Meta's check of the address; it must work whatever else is down."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        mode, token, challenge = (
            query.get(f"hub.{n}", [""])[0] for n in ("mode", "verify_token", "challenge")
        )
        known = is_known(token, self._tokens())
        if known and mode == "subscribe" and _CHALLENGE.fullmatch(challenge):
            await respond(send, 200, challenge.encode("ascii"))
        else:
            await respond(send, 403)

    async def deliver(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One delivery, answered 200 only when Kafka has every event in it."""
        started = time.monotonic()
        try:
            await self._accept(scope, receive)
            outcome = _ACCEPTED
        except tuple(_FAILURES) as error:
            outcome = next(end for failure, end in _FAILURES.items() if isinstance(error, failure))
        metrics.WEBHOOKS.labels(outcome.name).inc()
        if outcome.status is not None:
            await respond(send, outcome.status, headers=outcome.headers)
        if outcome is _ACCEPTED:
            metrics.ACK_SECONDS.observe(time.monotonic() - started)

    async def _accept(self, scope: Scope, receive: Receive) -> None:
        """Raises one of the failures above."""
        declared = int(header(scope, b"content-length") or MAX_BODY_BYTES)
        with self._in_flight.holding(min(declared, MAX_BODY_BYTES)):
            body = await read_body(scope, receive, limit=MAX_BODY_BYTES, within=_BODY_SECONDS)
            app_id = self._signer(scope, body)
            with tracing.within(tracing.Trace.parse(_traceparent(scope))):
                await self._publish(Delivery(body, app_id, clock.utc_now()))

    def _signer(self, scope: Scope, body: bytes) -> str:
        """The app whose secret signed the body; one that the path names must be that one."""
        named = scope["path_params"].get("app_id")
        apps = [app for app in self._apps() if named in (None, app.app_id)]
        app_id = verify(body, header(scope, b"x-hub-signature-256"), apps)
        if app_id is None:
            raise BadSignature
        return app_id


def parse_tokens(text: str) -> tuple[str, ...]:
    """Verify tokens, one a line. Raises ValueError where there is none."""
    tokens = tuple(filter(None, (line.strip() for line in text.splitlines())))
    if not tokens:
        raise ValueError("the verify token file is empty: write one token a line")
    return tokens


def is_known(token: str, tokens: Sequence[str]) -> bool:
    """Compares with every token, so that the time taken tells nothing."""
    presented = token.encode("utf-8", "surrogatepass")
    return sum(hmac.compare_digest(presented, known.encode("utf-8")) for known in tokens) > 0


def _traceparent(scope: Scope) -> str | None:
    value = header(scope, TRACEPARENT.encode("ascii"))
    return None if value is None else value.decode("latin-1")
