"""What Meta answers while somebody logs in (platform.md 9). Values only, no calls."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

SAID = 300  # characters of Meta's own words that are kept


@dataclass(frozen=True)
class Token:
    """An access token; ``lifetime`` None where Meta names none, ``permissions`` None where the answer has none."""

    value: str = field(repr=False)
    lifetime: timedelta | None = None
    permissions: frozenset[str] | None = None


@dataclass(frozen=True)
class Page:
    """A Page that the person may manage, and the Instagram account linked to it, if there is one."""

    page_id: str
    name: str
    token: str = field(repr=False)
    tasks: tuple[str, ...] = ()
    account_id: str | None = None
    username: str | None = None


@dataclass(frozen=True)
class Identity:
    """Who logged in.

    ``account_id`` is the one that webhooks carry (`user_id` of `/me` with Instagram's login; None with Facebook's, whose
    Pages name it); ``login_user_id`` is scoped to the app and comes back in deletion callbacks. ``kind`` as Meta spells
    it: `BUSINESS` or `MEDIA_CREATOR`, None where it is not told.
    """

    login_user_id: str
    account_id: str | None = None
    username: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Inspected:
    """What `debug_token` says of a token."""

    app_id: str
    valid: bool
    scopes: frozenset[str]


class _Flat(msgspec.Struct):
    access_token: str
    expires_in: float | None = None
    permissions: str | list[str] | None = None


class _Wrapped(msgspec.Struct):
    data: list[_Flat]


def token(content: bytes) -> Token:
    """A token answer of either login, flat or as `{"data":[…]}`. Raises msgspec.DecodeError for another shape."""
    try:
        told = msgspec.json.decode(content, type=_Flat)
    except msgspec.ValidationError:
        wrapped = msgspec.json.decode(content, type=_Wrapped).data
        if len(wrapped) != 1:
            raise
        told = wrapped[0]
    listed = told.permissions.split(",") if isinstance(told.permissions, str) else told.permissions
    return Token(
        told.access_token,
        None if told.expires_in is None else timedelta(seconds=told.expires_in),
        None if listed is None else frozenset(name.strip() for name in listed if name.strip()),
    )


class _Permission(msgspec.Struct):
    permission: str
    status: str


class _Permissions(msgspec.Struct):
    data: list[_Permission]


def permissions(content: bytes) -> frozenset[str]:
    """The granted ones of `/me/permissions`."""
    listed = msgspec.json.decode(content, type=_Permissions).data
    return frozenset(item.permission for item in listed if item.status == "granted")


class _Account(msgspec.Struct):
    id: str
    username: str | None = None


class _Page(msgspec.Struct):
    id: str
    access_token: str = ""
    name: str = ""
    tasks: tuple[str, ...] = ()
    instagram_business_account: _Account | None = None


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors = msgspec.field(default_factory=_Cursors)
    next: str | None = None


class _Pages(msgspec.Struct):
    data: list[_Page]
    paging: _Paging = msgspec.field(default_factory=_Paging)


def pages(content: bytes) -> tuple[list[Page], str | None]:
    """One answer of `/me/accounts`, and the cursor of the next, None where this is the last."""
    listed = msgspec.json.decode(content, type=_Pages)
    found = []
    for item in listed.data:
        account = item.instagram_business_account
        linked = (account.id, account.username) if account else (None, None)
        found.append(Page(item.id, item.name, item.access_token, item.tasks, *linked))
    return found, listed.paging.cursors.after if listed.paging.next else None


class _Me(msgspec.Struct):
    id: str | int
    user_id: str | int | None = None
    username: str | None = None
    account_type: str | None = None


def identity(content: bytes) -> Identity:
    """`/me` of either login."""
    me = msgspec.json.decode(content, type=_Me)
    return Identity(str(me.id), None if me.user_id is None else str(me.user_id), me.username, me.account_type)


class _Token(msgspec.Struct):
    app_id: str | int = ""
    is_valid: bool = False
    scopes: tuple[str, ...] = ()


class _Inspection(msgspec.Struct):
    data: _Token


def inspected(content: bytes) -> Inspected:
    """The answer of `debug_token`."""
    told = msgspec.json.decode(content, type=_Inspection).data
    return Inspected(str(told.app_id), told.is_valid, frozenset(told.scopes))


@dataclass(frozen=True)
class Fault:
    """Meta's error object at a login, in either of its two shapes."""

    code: int | None
    subcode: int | None
    said: str


def fault(content: bytes) -> Fault | None:
    """The error that an answer holds, None where it holds none.

    The token endpoint of Instagram's login has a shape of its own: `{"error_type","code","error_message"}`.
    """
    try:
        told = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    match told:
        case {"error": {**inner}}:
            code, subcode, said = inner.get("code"), inner.get("error_subcode"), inner.get("message")
        case {"error_type": _}:
            code, subcode, said = told.get("code"), None, told.get("error_message")
        case _:
            return None
    return Fault(
        code if isinstance(code, int) else None,
        subcode if isinstance(subcode, int) else None,
        str(said or "")[:SAID],
    )
