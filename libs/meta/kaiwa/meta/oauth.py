"""The calls of a login: a code becomes a token, a short one a long one, and a token tells whose it is (platform.md 9).

Each either returns its value or raises what became of it:

LoginError
├── Declined     the platform said no, in its error object
└── Unanswered   no answer that can be read; whether a code is used up then, nobody knows
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta import http, login_answers
from kaiwa.meta.graph import Sender
from kaiwa.meta.http import Http, NoReply
from kaiwa.meta.login_answers import Fault, Identity, Inspected, Page, Token
from kaiwa.meta.logins import Client
from kaiwa.meta.signatures import Host

T = TypeVar("T")

_PAGE_FIELDS = "id,name,access_token,tasks,instagram_business_account{id,username}"
_ME = {"facebook": "id", "instagram": "id,user_id,username,account_type"}
_MOST_PAGES = 40  # answers of /me/accounts, 25 Pages each


class LoginError(Exception):
    """A step of a login did not end well; ``step`` says which."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Declined(LoginError):
    def __init__(self, step: str, fault: Fault) -> None:
        super().__init__(step)
        self.fault = fault


class Unanswered(LoginError):
    def __init__(self, step: str, why: str) -> None:
        super().__init__(step)
        self.why = why


class OAuth:
    """Both logins. `hosts` are the Graph hosts, `doors` those of the dialogs."""

    def __init__(
        self, client: Http, *, hosts: Mapping[Host, str], doors: Mapping[Host, str], version: str
    ) -> None:
        self._client = client
        self._hosts = hosts
        self._doors = doors
        self._version = version

    def dialog(self, login: Host) -> str:
        """The address of a login's dialog."""
        if login == "facebook":
            return f"{self._doors[login]}/{self._version}/dialog/oauth"
        return f"{self._doors[login]}/oauth/authorize"

    async def redeem(self, app: Client, code: str, redirect_uri: str) -> Token:
        """A short-lived token for a code; a code counts once, and for the redirect it was given to."""
        form = {
            "client_id": app.client_id,
            "client_secret": app.secret,
            "redirect_uri": redirect_uri,
            "code": code,
        }
        if app.login == "facebook":
            url = f"{self._graph('facebook')}/oauth/access_token"
            return await self._call("code", login_answers.token, url, params=form)
        url = f"{self._doors['instagram']}/oauth/access_token"
        form["grant_type"] = "authorization_code"
        return await self._call("code", login_answers.token, url, form=form)

    async def lengthen(self, app: Client, token: str) -> Token:
        """A token of 60 days for one of an hour or two."""
        if app.login == "facebook":
            url = f"{self._graph('facebook')}/oauth/access_token"
            asked = {
                "grant_type": "fb_exchange_token",
                "client_id": app.client_id,
                "client_secret": app.secret,
                "fb_exchange_token": token,
            }
        else:
            url = f"{self._hosts['instagram']}/access_token"
            asked = {
                "grant_type": "ig_exchange_token",
                "client_secret": app.secret,
                "access_token": token,
            }
        return await self._call("long-lived token", login_answers.token, url, params=asked)

    async def identity(self, who: Sender) -> Identity:
        return await self._read("account", login_answers.identity, who, "me", {"fields": _ME[who.login]})

    async def permissions(self, who: Sender) -> frozenset[str]:
        """What was granted; Facebook's login alone answers this."""
        return await self._read("permissions", login_answers.permissions, who, "me/permissions", {})

    async def pages(self, who: Sender) -> list[Page]:
        """Every Page that the person let us see, with its own token."""
        found: list[Page] = []
        asked = {"fields": _PAGE_FIELDS}
        for _ in range(_MOST_PAGES):
            some, after = await self._read("Pages", login_answers.pages, who, "me/accounts", asked)
            found += some
            if after is None:
                break
            asked["after"] = after
        return found

    async def inspect(self, app: Client, token: str) -> Inspected:
        """Whose token it is; Facebook's login alone answers this."""
        ours = Sender("facebook", app.client_id, f"{app.client_id}|{app.secret}")
        asked = {"input_token": token}
        return await self._read("token check", login_answers.inspected, ours, "debug_token", asked)

    async def _read(
        self, step: str, parse: Callable[[bytes], T], who: Sender, path: str, asked: Mapping[str, str]
    ) -> T:
        params = {**asked, **who.params}
        return await self._call(
            step, parse, f"{self._graph(who.login)}/{path}", params=params, headers=who.headers
        )

    async def _call(
        self,
        step: str,
        parse: Callable[[bytes], T],
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        try:
            answer = await self._client.call(
                "GET" if form is None else "POST", url, params=params, form=form, headers=headers
            )
        except NoReply as silence:
            raise Unanswered(step, silence.why) from None
        if fault := login_answers.fault(answer.content):
            raise Declined(step, fault)
        if not answer.is_success:
            raise Unanswered(step, f"HTTP {answer.status}")
        try:
            return parse(answer.content)
        except UNREADABLE:
            raise Unanswered(step, "an answer that cannot be read") from None

    def _graph(self, login: Host) -> str:
        return f"{self._hosts[login]}/{self._version}"


@asynccontextmanager
async def connect(
    *, hosts: Mapping[Host, str], doors: Mapping[Host, str], version: str, connections: int = 4
) -> AsyncIterator[OAuth]:
    """A client of its own: logins are rare, and must not wait behind messages."""
    async with http.connect(connections) as client:
        bare = [{login: url.rstrip("/") for login, url in given.items()} for given in (hosts, doors)]
        yield OAuth(client, hosts=bare[0], doors=bare[1], version=version)
