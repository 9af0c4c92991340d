"""Logging in at Meta: where a person is sent, and how they come back (platform.md 9). Values only, no calls.

One app has a client for each login product: with Instagram's own login the dashboard shows a second id and a second
secret. What is called `app_id` here and everywhere else is the app as webhooks and the registry know it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from kaiwa.meta.login_answers import SAID
from kaiwa.meta.signatures import App, Host

_SETUP = {"setup": {"channel": "IG_API_ONBOARDING"}}
"""Makes Facebook's dialog lead through Business Login's own steps: professional account, Page, link."""

_MARK = "#_"


@dataclass(frozen=True)
class Client:
    """An app as one of the two logins knows it."""

    login: Host
    app_id: str
    client_id: str
    secret: str = field(repr=False)
    config_id: str | None = None


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
        return Failed((query.get("error_description") or query.get("error_message") or "")[:SAID])
    return Nothing()
