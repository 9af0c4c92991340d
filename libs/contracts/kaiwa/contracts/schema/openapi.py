"""The dispatcher's door as one OpenAPI 3.1 document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from kaiwa.contracts.door import (
    Accepted,
    ConversationState,
    Outcomes,
    Problem,
    SendBody,
    Standing,
    WordBody,
)
from kaiwa.contracts.schema.shapes import Schema, components

_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_ID: Final[Schema] = {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"}

_PROBLEMS: Final[Mapping[int, str]] = {
    400: "It cannot be read: no JSON, or a query that is not known here.",
    401: "No key, or one that does not open.",
    403: "The key is not for this account, kind of author or lane.",
    404: "There is no such request, conversation or account.",
    408: "The body did not arrive in time.",
    409: "The id names another request; or several accounts have a request of this id.",
    413: "The body is too large.",
    415: "The body is not `application/json`.",
    422: "It can be read and may not be sent: `reason` is a code of reasons.md, `field` says where.",
    429: "The key asks too often; `Retry-After` says when it may again.",
    500: "The door failed.",
    503: "Kafka or PostgreSQL is away. It may have been written: send the same request again, with the same id.",
}
_ALWAYS: Final = (400, 401, 403, 429, 500, 503)
_WITH_BODY: Final = (408, 409, 413, 415, 422)
_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    202: {"Location": {"schema": {"type": "string"}}},
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}},
    503: {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}


def _parameter(name: str, where: str, about: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"name": name, "in": where, "description": about, "required": required, "schema": schema}


_REQUEST: Final = _parameter("request_id", "path", "The request.", _ID, required=True)
_ACCOUNT: Final = _parameter(
    "account_id", "query", "Its account, should several have a request of this id.", _ID
)
_TALK: Final = (
    _parameter("account_id", "path", "The professional account.", _ID, required=True),
    _parameter("customer_id", "path", "The customer.", _ID, required=True),
)
_KEY: Final = _parameter(
    "Idempotency-Key",
    "header",
    "Names the request where the body has no `request_id`: the same name is one send for 30 days.",
    _ID,
)
_POLL: Final = (
    _parameter(
        "after",
        "query",
        "`next` of the answer before; `earliest` for all there is; left out: from now on.",
        {"type": "string", "pattern": "^(earliest|[0-9]{1,6}-[0-9]{1,18}(\\.[0-9]{1,6}-[0-9]{1,18})*)$"},
    ),
    _parameter(
        "wait",
        "query",
        "Seconds to wait for news.",
        {"type": "integer", "minimum": 0, "maximum": 30, "default": 20},
    ),
    _parameter(
        "limit",
        "query",
        "So many at most.",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
)


@dataclass(frozen=True)
class Operation:
    """One method of one path, and what it answers when all is well."""

    name: str
    summary: str
    status: int
    answer: type[msgspec.Struct]
    parameters: tuple[Schema, ...] = ()
    body: type[msgspec.Struct] | None = None
    problems: tuple[int, ...] = field(default=())


_CONVERSATION: Final = "/v1/accounts/{account_id}/conversations/{customer_id}"

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/v1/sends"): Operation(
        "send",
        "Ask for a message. 202 means that it is in Kafka; the rest is what every request goes through.",
        202,
        Accepted,
        (_KEY,),
        SendBody,
        _WITH_BODY,
    ),
    ("GET", "/v1/sends/{request_id}"): Operation(
        "show", "How a request stands.", 200, Standing, (_REQUEST, _ACCOUNT), problems=(404, 409)
    ),
    ("DELETE", "/v1/sends/{request_id}"): Operation(
        "cancel",
        "Take a request back, where its sending has not begun; the answer names the request that does it.",
        202,
        Accepted,
        (_REQUEST, _ACCOUNT),
        problems=(404, 409, 422),
    ),
    ("GET", _CONVERSATION): Operation(
        "may_i_write",
        "Whether a person and automation may write now, until when, with what tag and disclosure; who controls the thread.",
        200,
        ConversationState,
        _TALK,
        problems=(404,),
    ),
    ("POST", f"{_CONVERSATION}/escalate"): Operation(
        "escalate",
        "Let a person handle the conversation: automation is held until it is released.",
        202,
        Accepted,
        (*_TALK, _KEY),
        WordBody,
        _WITH_BODY,
    ),
    ("POST", f"{_CONVERSATION}/release"): Operation(
        "release",
        "Let automation go on, which discloses itself again.",
        202,
        Accepted,
        (*_TALK, _KEY),
        WordBody,
        _WITH_BODY,
    ),
    ("GET", "/v1/outcomes"): Operation(
        "outcomes", "What became of requests of the key's accounts; waits for news.", 200, Outcomes, _POLL
    ),
}


def document() -> dict[str, Any]:
    """The document; a test holds it to the door's own routes."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kaiwa's door",
            "version": "1.0.0",
            "description": (
                "The dispatcher for those who have no Kafka client. What is asked for here becomes a record of "
                "`instagram.sends.v1`, and obeys the same rules. Start with README.md beside this file."
            ),
        },
        "servers": [{"url": "http://127.0.0.1:8083"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of `kaiwa keys caller create`.",
                }
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: _ref(operation.body)}}
    problems = sorted({*_ALWAYS, *operation.problems})
    return described | {
        "responses": {
            str(operation.status): _response("As asked.", _JSON, operation.answer, operation.status),
            **{str(status): _response(_PROBLEMS[status], _PROBLEM, Problem, status) for status in problems},
        }
    }


def _response(about: str, media: str, kind: type[msgspec.Struct], status: int) -> dict[str, Any]:
    response: dict[str, Any] = {"description": about, "content": {media: _ref(kind)}}
    if status in _HEADERS:
        response["headers"] = dict(_HEADERS[status])
    return response


def _ref(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(name=kind.__name__)}}


def _schemas() -> dict[str, Schema]:
    kinds: set[type[msgspec.Struct]] = {
        Problem,
        *(one.answer for one in OPERATIONS.values()),
        *(one.body for one in OPERATIONS.values() if one.body),
    }
    found: dict[str, Schema] = {}
    for kind in kinds:
        found |= components(kind, _REF)
    return dict(sorted(found.items()))
