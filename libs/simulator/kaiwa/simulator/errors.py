"""What the platform refuses with: code, subcode and the rule that was broken (platform notes, section 4.5)."""

import enum
from typing import Any

import msgspec


class Rule(enum.StrEnum):
    """What a refusal says about the caller; the books count by it."""

    AUTH = "auth"  # no such token, or its proof is wrong
    PATH = "path"  # an unknown version or id, or the wrong kind of id for this host
    ACCOUNT = "account"  # the account may not use the messaging API
    BODY = "body"  # a body the reference does not allow
    SIZE = "size"  # over a limit of size or number
    TAG = "tag"  # a tag that does not exist any more, or without its feature
    WINDOW = "window"  # outside the time in which this message is allowed
    RATE = "rate"  # above a limit in a sliding window
    OWNERSHIP = "ownership"  # another app controls the thread, or nobody and this is not the default app
    ROUTING = (
        "routing"  # not offered in the account's mode of conversation routing, or not granted to this app
    )
    RECIPIENT = "recipient"  # nobody of that id has written to this account
    COMMENT = "comment"  # no private reply is left for this comment
    GONE = "gone"  # an object that cannot be read (any more)
    SCRIPTED = "scripted"  # a fault on demand: not the caller's doing


class GraphError(msgspec.Struct, frozen=True, kw_only=True):
    """One error answer of the Graph API."""

    rule: Rule
    code: int
    subcode: int | None = None
    message: str
    status: int = 400

    def body(self, trace: str, login: str) -> dict[str, Any]:
        """The answer's JSON; the type differs between the hosts."""
        kind = "IGApiException" if login == "instagram" else "OAuthException"
        error: dict[str, Any] = {"message": self.message, "type": kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error | {"is_transient": self.code in {1, 2}, "fbtrace_id": trace}}


class Refusal(Exception):
    """Raised inside the rules with the error that the caller gets."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(error.message)
        self.error = error


def refuse(
    rule: Rule, message: str, code: int = 100, subcode: int | None = None, status: int = 400
) -> Refusal:
    """A refusal to raise; 100 without a subcode is the platform's "invalid parameter"."""
    mark = f"(#{code}) {message}"
    return Refusal(GraphError(rule=rule, code=code, subcode=subcode, message=mark, status=status))
