"""Meta's callbacks about people: data deletion and deauthorisation (platform.md 8.3, 8.4).

The person is named by an app-scoped id, which is no customer's id. Compliance finds out who that is; here the request
only becomes a record, and the same request always the same one, with the same code.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from urllib.parse import parse_qs

import msgspec

from kaiwa.bus import tracing
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.events import Event, Kind, PrivacyRequest, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.ingest import answers
from kaiwa.ingest.answers import NotAForm
from kaiwa.ingest.limits import Admission
from kaiwa.meta.signatures import App
from kaiwa.meta.signed_request import BadSignedRequest, SignedRequest, verify
from kaiwa.runtime import clock, metrics
from kaiwa.runtime.http import AsgiHandler, Receive, Scope, Send, header, respond, respond_json

_MOST_BYTES = 16 * 1024
_FORM = b"application/x-www-form-urlencoded"

DELETION, DEAUTHORIZATION = Kind.DELETION_REQUESTED, Kind.APP_DEAUTHORIZED


class Callbacks:
    """``publish`` returns once Kafka has the record, or raises PublishFailed."""

    def __init__(
        self,
        *,
        apps: Callable[[], Sequence[App]],
        publish: Callable[[Outgoing], Awaitable[None]],
        admission: Admission,
        id_key: bytes,
    ) -> None:
        self._apps = apps
        self._publish = publish
        self._admission = admission
        self._id_key = id_key

    def data_deletion(self, status_url: str) -> AsgiHandler:
        """Answers with the address, below ``status_url``, where the person can see what became of the request."""

        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            if (code := await self._taken(DELETION, scope, receive, send)) is not None:
                await respond_json(send, 200, {"url": f"{status_url}{code}", "confirmation_code": code})

        return handle

    async def deauthorize(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._taken(DEAUTHORIZATION, scope, receive, send) is not None:
            await respond(send, 200)

    async def _taken(self, kind: Kind, scope: Scope, receive: Receive, send: Send) -> str | None:
        """The code of a request that Kafka has; any other has been answered."""
        code, outcome = None, answers.ACCEPTED
        try:
            code = await self._take(kind, scope, receive)
        except answers.FAILURES as error:
            outcome = answers.of(error)
        metrics.CALLBACKS.labels(kind.rpartition(".")[2], outcome.name).inc()
        if code is None and outcome.status is not None:
            await respond(send, outcome.status, headers=outcome.headers)
        return code

    async def _take(self, kind: Kind, scope: Scope, receive: Receive) -> str:
        """Raises one of the failures."""
        if (header(scope, b"content-type") or _FORM).partition(b";")[0].strip().lower() != _FORM:
            raise NotAForm
        size = self._admission.admit(scope)
        try:
            body = await self._admission.body(scope, receive, most=_MOST_BYTES)
            now = clock.utc_now()
            request = verify(_signed_request(body), self._apps(), now=now)
            code = code_of(request, self._id_key)
            await self._publish(record(kind, request, code, received_at=now, id_key=self._id_key))
        finally:
            self._admission.leave(size)
        return code


def _signed_request(body: bytes) -> str:
    try:
        return parse_qs(body.decode("ascii"))["signed_request"][0]
    except (ValueError, KeyError):
        raise BadSignedRequest from None


def code_of(request: SignedRequest, id_key: bytes) -> str:
    """What the person is given: the same for the same request, and it tells nobody who they are."""
    return ids.opaque(id_key, "confirmation_code", *_identity(request))


def record(
    kind: Kind, request: SignedRequest, code: str, *, received_at: datetime, id_key: bytes
) -> Outgoing:
    """The record of ``instagram.privacy.v1``."""
    moment = rfc3339(request.issued_at or received_at)
    event = Event(
        id=ids.opaque(id_key, kind, *_identity(request)),
        kind=kind,
        app_id=request.app_id,
        account_id=None,
        customer_id=None,
        occurred_at=moment,
        time_source="delivery" if request.issued_at is None else "event",
        received_at=rfc3339(received_at),
        stream="changes",
        data=msgspec.Raw(encode(PrivacyRequest(request.user_id, code, moment))),
    )
    headers = cloudevents.headers(
        event_id=event.id, kind=kind, account_id=None, time=moment, traceparent=tracing.traceparent()
    )
    return Outgoing(topics.PRIVACY, event.id.encode("ascii"), encode(event), headers)


def _identity(request: SignedRequest) -> tuple[str, str, str]:
    issued = "" if request.issued_at is None else rfc3339(request.issued_at)
    return request.app_id, request.user_id, issued
