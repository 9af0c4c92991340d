"""Logging in at Meta: where a person is sent, and what the answers say (platform.md 9). Values only, no calls.

One app has a client for each login product: with Instagram's own login the dashboard shows a second id and a second
secret. What is called `app_id` here and everywhere else is the app as webhooks and the registry know it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from kaiwa.meta.signatures import App, Host

_SETUP = {"setup": {"channel": "IG_API_ONBOARDING"}}
"""Makes Facebook's dialog lead through Business Login's own steps: professional account, Page, link."""

_MARK = "#_"
_SAID = 300  # characters of Meta's own words that are kept


@dataclass(frozen=True)
class Client:
    """An app as one of the two logins knows it."""

    login: Host
    app_id: str
    client_id: str
    secret: str = field(repr=False)
    config_id: str | None = None


@dataclass(frozen=True)
class Token:
    """An access token; ``lifetime`` None where Meta names none, ``permissions`` None where the answer has none."""

    value: str = field(repr=False)
    lifetime: timedelta | None = None
    permissions: frozenset[str] | None = None


@dataclass(frozen=True)
class Code:
    """The person agreed: to be exchanged once, within minutes."""

    code: str = field(repr=False)


@dataclass(frozen=True)
class Cancelled:
    """The person pressed cancel."""


@dataclass(frozen=True)
class Failed:
    """Meta's dialog ended in an error of its own; ``said`` are its words."""

    said: str


@dataclass(frozen=True)
class Nothing:
    """No answer of the dialog: a stranger's visit, or an address that was cut."""


Returned = Code | Cancelled | Failed | Nothing


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


def client_of(apps: Iterable[App], app_id: str, login: Host) -> Client | None:
    """The client of an app for a login, from the first line of the apps file that has one.

    A line with `instagram=ID` is Instagram's own login; without such a line the app's id and secret serve for both.
    """
    own = [app for app in apps if app.app_id == app_id]
    marked = [app for app in own if app.instagram_id is not None]
    plain = [app for app in own if app.instagram_id is None]
    chosen = next(iter(marked or plain if login == "instagram" else plain), None)
    if chosen is None:
        return None
    client_id = chosen.instagram_id if login == "instagram" and chosen.instagram_id else app_id
    config = next((app.config_id for app in plain if app.config_id), None) if login == "facebook" else None
    return Client(login, app_id, client_id, chosen.secret.decode(), config)


def dialog(
    client: Client, base: str, *, redirect_uri: str, state: str, scopes: Iterable[str], again: bool = False
) -> str:
    """Where the person is sent. ``base``: the dialog's address; ``again``: ask anew for what was refused before.

    With Facebook Login for Business the app's configuration stands in place of the scopes (Meta, Facebook Login for
    Business, "Invoke the login dialog").
    """
    query = {
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "state": state,
        **({"config_id": client.config_id} if client.config_id else {"scope": ",".join(scopes)}),
    }
    if client.login == "facebook":
        query |= {"display": "page", "extras": json.dumps(_SETUP, separators=(",", ":"))}
        query |= {"auth_type": "rerequest"} if again else {}
    elif again:
        query["force_reauth"] = "true"
    return f"{base}?{urlencode(query)}"


def returned(query: Mapping[str, str]) -> Returned:
    """What the query of a redirect says; the mark that Meta appends to the code is taken off."""
    if code := query.get("code", "").removesuffix(_MARK):
        return Code(code)
    if query.get("error") == "access_denied" or query.get("error_reason") == "user_denied":
        return Cancelled()
    if "error" in query or "error_code" in query or "error_message" in query:
        return Failed((query.get("error_description") or query.get("error_message") or "")[:_SAID])
    return Nothing()


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
        str(said or "")[:_SAID],
    )
