"""The door for Meta: the challenge, and deliveries. Nothing looks at a body before its signature was found good."""

import hmac
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Final
from urllib.parse import parse_qs

from kaiwa.bus import tracing
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.ingest import answers
from kaiwa.ingest.answers import BadSignature
from kaiwa.ingest.limits import Admission
from kaiwa.ingest.publish import Delivery
from kaiwa.meta.signatures import App, verify
from kaiwa.runtime import clock, metrics
from kaiwa.runtime.http import Receive, Scope, Send, header, respond
from kaiwa.runtime.telemetry import Attribute

_RECEIVING: Final[Mapping[Attribute, str]] = {
    "http.request.method": "POST",
    "http.route": "/webhooks/instagram",
}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What is safe to echo to a browser (platform.md 1.2)."""

_NO_PAGE = ((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),)


_ended = cache(metrics.WEBHOOKS.labels)


class Webhook:
    """``tokens`` and ``apps`` give what is in force now: their files may change while we run.

    ``publish`` returns once Kafka has the whole delivery, or raises PublishFailed or FuseOpen.
    """

    def __init__(
        self,
        *,
        tokens: Callable[[], Sequence[str]],
        apps: Callable[[], Sequence[App]],
        publish: Callable[[Delivery], Awaitable[None]],
        admission: Admission,
    ) -> None:
        self._tokens = tokens
        self._apps = apps
        self._publish = publish
        self._admission = admission

    async def challenge(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Meta's check of the address; it must work whatever else is down."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        mode, token, challenge = (
            query.get(f"hub.{n}", [""])[0] for n in ("mode", "verify_token", "challenge")
        )
        known = is_known(token, self._tokens())
        if known and mode == "subscribe" and _CHALLENGE.fullmatch(challenge):
            await respond(send, 200, challenge.encode("ascii"), headers=_NO_PAGE)
        else:
            await respond(send, 403)

    async def deliver(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One delivery, answered 200 only when Kafka has every event in it."""
        started = time.monotonic()
        try:
            await self._accept(scope, receive)
            outcome = answers.ACCEPTED
        except answers.FAILURES as error:
            outcome = answers.of(error)
        _ended(outcome.name).inc()
        if outcome.status is not None:
            await respond(send, outcome.status, headers=outcome.headers)
        if outcome is answers.ACCEPTED:
            metrics.ACK_SECONDS.observe(time.monotonic() - started)

    async def _accept(self, scope: Scope, receive: Receive) -> None:
        """Raises one of the failures."""
        size = self._admission.admit(scope)
        try:
            body = await self._admission.body(scope, receive)
            app_id = self._signer(scope, body)
            with tracing.span(
                "POST /webhooks/instagram",
                "server",
                parent=tracing.Trace.parse(_traceparent(scope)),
                attributes=_RECEIVING,
            ):
                await self._publish(Delivery(body, app_id, clock.utc_now()))
        finally:
            self._admission.leave(size)

    def _signer(self, scope: Scope, body: bytes) -> str:
        """The app whose secret signed the body; one that the path names must be that one."""
        apps = self._apps()
        if (named := scope["path_params"].get("app_id")) is not None:
            apps = [app for app in apps if app.app_id == named]
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
