"""The registry as others see it: the records of ``instagram.accounts.v1``. No tokens."""

import hashlib
from typing import Literal

import msgspec

State = Literal["active", "paused", "ineligible", "needs_reauth", "restricted"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    app_id: str
    page_id: str | None = None
    login_user_hash: str | None = None
    state: State = "active"
    display_name: str | None = None
    locale: str | None = None
    markets: tuple[str, ...] = ()
    human_agent: bool = False


def login_user_hash(app_id: str, login_user_id: str) -> str:
    """How a data-deletion callback finds its account without the id being published."""
    return hashlib.sha256(f"{app_id}:{login_user_id}".encode()).hexdigest()


_decoder = msgspec.json.Decoder(Account)
encode = msgspec.json.Encoder().encode


def decode(value: bytes) -> Account:
    """The account in ``value``. Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _decoder.decode(value)
