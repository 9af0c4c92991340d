"""What a person asks of an app through Meta: to delete their data, or to be known no longer (section 8). Pure."""

from typing import Literal

import msgspec

from kaiwa.meta import signed_request
from kaiwa.simulator.model import App, Host

Wish = Literal["delete", "deauthorize"]

_VALID = 3600
"""Seconds after which a request expires."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the app answered; status 0 is no answer. The rest is the JSON that a data-deletion callback owes."""

    status: int
    url: str | None = None
    confirmation_code: str | None = None


def address(app: App, wish: Wish) -> str:
    """Where the app takes it. Raises ValueError where it does not."""
    url = app.deletion_url if wish == "delete" else app.deauthorize_url
    if url is None:
        raise ValueError(f"the app has no address for this wish: {wish}")
    return url


def form(app: App, login: Host, user_id: str, now: int) -> dict[str, str]:
    payload = {"algorithm": "HMAC-SHA256", "expires": now + _VALID, "issued_at": now, "user_id": user_id}
    return {"signed_request": signed_request.sign(app.secret_for(login), payload)}


def answered(status: int, body: bytes) -> Answered:
    try:
        said = msgspec.json.decode(body, type=dict[str, str])
    except msgspec.DecodeError:
        said = {}
    return Answered(status=status, url=said.get("url"), confirmation_code=said.get("confirmation_code"))
