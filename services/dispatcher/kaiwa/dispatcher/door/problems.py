"""What the door answers when it cannot do as asked: problem details (RFC 9457)."""

from http import HTTPStatus

import msgspec

from kaiwa.contracts.door import Problem
from kaiwa.runtime.http import Headers, Send, respond

_TYPE = b"application/problem+json"


class Refused(Exception):
    """A request that the door turns down; ``detail`` holds nothing of its content."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        reason: str | None = None,
        field: str | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(name)
        self.headers = headers
        self.problem = Problem(
            type=f"urn:kaiwa:problem:{name}",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            reason=reason,
            field=field,
        )


async def answer(send: Send, refused: Refused) -> None:
    body = msgspec.json.encode(refused.problem)
    await respond(send, refused.problem.status, body, content_type=_TYPE, headers=refused.headers)


async def unmatched(send: Send, status: int, headers: Headers) -> None:
    """404 and 405 of the router."""
    name, detail = ("no_such_path", "there is nothing at this path")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        name, detail = ("method_not_allowed", "this path takes other methods: see the header allow")
    await answer(send, Refused(status, name, detail, headers=headers))


def forbidden(detail: str, field: str | None = None) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, "not_yours", detail, field=field)


def unknown(detail: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "not_found", detail)


def away(what: str) -> Refused:
    """Kafka or PostgreSQL does not answer; the same request may be sent again."""
    detail = f"{what} does not answer; send the same request again"
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "away", detail, headers=[(b"retry-after", b"1")])
