"""`/connect/{login}` and `/connect/callback`: an account's owner logs in by an operator's link, without an operator.

    link ─▶ page with a button ─▶ Meta's dialog ─▶ callback ─▶ (which account?) ─▶ what was found

A link connects one account. Each press of the button is a visit: its state travels through the dialog, its cookie stays
in the browser, and its answer counts once. So a state that is stolen, an answer that is sent again, and a callback that
somebody else is lured to come to nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from kaiwa.dispatcher.connect import pages
from kaiwa.dispatcher.connect.activation import Activation
from kaiwa.dispatcher.connect.entrance import Entrance, Newcomer, Unwelcome
from kaiwa.dispatcher.connect.links import VISIT, Link, Links, Visit
from kaiwa.dispatcher.core import onboarding
from kaiwa.dispatcher.core.onboarding import Several
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta.logins import Client, Code, returned
from kaiwa.meta.signatures import Host
from kaiwa.runtime import logs
from kaiwa.runtime.http import AsgiHandler, BodyError, Receive, Scope, Send, header, read_body, respond
from kaiwa.store.pool import UNREACHABLE

_log = logs.get_logger()

CALLBACK: Final = "/connect/callback"
_COOKIE: Final = "kaiwa_connect"
_MOST_BYTES: Final = 4096
_WITHIN: Final = 10.0
_MOST_FIELDS: Final = 16
_OURS: Final = frozenset({"access level"})  # the operator's business
_LOGINS: Final[Mapping[str, Host]] = {"facebook": "facebook", "instagram": "instagram"}
_HEADERS: Final = (
    (b"content-security-policy", pages.POLICY),
    (b"referrer-policy", b"no-referrer"),
)


@dataclass(frozen=True)
class Page:
    """An answer; ``headers`` beside those that every page has."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


Work: TypeAlias = Callable[[Scope, Mapping[str, str]], Awaitable[Page]]
"""What a route does with a request and the fields of its form."""


class Hosted:
    """``url``: this door's public address, without the path; what ends at `/connect/callback` is registered with Meta."""

    def __init__(self, url: str, links: Links, entrance: Entrance, activation: Activation) -> None:
        self._url = url.rstrip("/")
        self._links = links
        self._entrance = entrance
        self._activation = activation

    @property
    def routes(self) -> dict[tuple[str, str], AsgiHandler]:
        return {
            ("GET", "/connect/{login}"): _answering(self._start),
            ("POST", "/connect/{login}"): _answering(self._begin),
            ("GET", CALLBACK): _answering(self._back),
            ("POST", CALLBACK): _answering(self._choose),
        }

    async def _start(self, scope: Scope, _form: Mapping[str, str]) -> Page:
        """The page with the button; looking at it uses nothing up, so a preview of the link does no harm."""
        secret = _query(scope).get("link", "")
        found = await self._find(scope, secret)
        return found if isinstance(found, Page) else Page(200, pages.start(found[0], secret))

    async def _begin(self, scope: Scope, form: Mapping[str, str]) -> Page:
        secret = form.get("link", "")
        found = await self._find(scope, secret)
        if isinstance(found, Page):
            return found
        login, link = found
        client = self._entrance.client(link.app_id, login)
        begun = await self._links.begin(secret) if client else None
        if client is None or begun is None:
            return Page(410, pages.problem("This link cannot be used", "Ask for a new one."))
        to = self._entrance.dialog(
            client, redirect_uri=self._url + CALLBACK, state=begun.state, again=link.again
        )
        return Page(303, headers=((b"location", to.encode()), (b"set-cookie", self._cookie(begun.browser))))

    async def _find(self, scope: Scope, secret: str) -> tuple[Host, Link] | Page:
        """A link that is good, or the page that says why it is not."""
        login = _LOGINS.get(scope["path_params"]["login"])
        link = await self._links.look(secret, login) if login else None
        if login is None or link is None:
            says = "Open it whole, as it was sent to you, or ask for a new one."
            return Page(404, pages.problem("Unknown link", says))
        if link.used:
            says = "An account was connected with it. Ask for a new one."
            return Page(410, pages.problem("This link was used", says))
        if link.expired:
            return Page(410, pages.problem("This link has expired", "Ask for a new one."))
        return login, link

    async def _back(self, scope: Scope, _form: Mapping[str, str]) -> Page:
        query = _query(scope)
        visit = await self._links.back(query.get("state", ""), _browser(scope))
        if visit is None:
            return _STRANGE
        said = returned(query)
        if not isinstance(said, Code):
            return _unwelcome([onboarding.unanswered_dialog(said)])
        try:
            client = self._known(visit)
            guest = await self._entrance.admit(client, said.code, self._url + CALLBACK)
            settled = self._entrance.settle(guest, None)
            if isinstance(settled, Several):
                await self._links.hold(visit, guest)
                return Page(200, pages.choose(settled.pages, query["state"]))
        except Unwelcome as unwelcome:
            return _unwelcome(unwelcome.findings)
        return await self._welcome(visit, settled)

    async def _choose(self, scope: Scope, form: Mapping[str, str]) -> Page:
        taken = await self._links.take(form.get("state", ""), _browser(scope))
        if taken is None:
            return _STRANGE
        visit, resumed = taken
        try:
            guest = resumed.guest(self._known(visit))
            settled = self._entrance.settle(guest, form.get("page", ""))
        except Unwelcome as unwelcome:
            return _unwelcome(unwelcome.findings)
        return _STRANGE if isinstance(settled, Several) else await self._welcome(visit, settled)

    async def _welcome(self, visit: Visit, newcomer: Newcomer) -> Page:
        if await self._activation.register(newcomer, link=visit.link_hash) is None:
            return _STRANGE
        state, found = await self._activation.activate(newcomer.account_id, newcomer.granted)
        await self._activation.want_backfill(newcomer.account_id)
        _log.info("account_connected", account_id=newcomer.account_id, app_id=newcomer.app_id, state=state)
        findings = [each for each in (*newcomer.findings, *found) if each.check not in _OURS]
        if state == "active":
            return Page(200, pages.report("Connected", findings, "You can close this window."))
        close = "The account is known here. Once this is mended it goes on by itself."
        return Page(200, pages.report("Not ready yet", findings, close))

    def _known(self, visit: Visit) -> Client:
        client = self._entrance.client(visit.app_id, visit.login)
        if client is None:
            raise Unwelcome(onboarding.another_app(visit.app_id))
        return client

    def _cookie(self, browser: str) -> bytes:
        """`Lax`: Meta's redirect is a navigation from another site, and has to bring it along."""
        secure = "; Secure" if self._url.startswith("https:") else ""
        age = int(VISIT.total_seconds())
        return f"{_COOKIE}={browser}; Path=/connect; Max-Age={age}; HttpOnly; SameSite=Lax{secure}".encode()


_STRANGE: Final = Page(
    400,
    pages.problem(
        "This is not a login that was begun here",
        "It was begun in another browser, took longer than 15 minutes, or has come back already. Open your link again.",
    ),
)


def _unwelcome(findings: Sequence[Finding]) -> Page:
    return Page(200, pages.report("Not connected", findings, "Then open your link again: it is still good."))


def _answering(work: Work) -> AsgiHandler:
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            page = await work(scope, await _form(scope, receive))
        except BodyError:
            page = Page(400, pages.problem("This is no request", "Open your link again."))
        except UNREACHABLE as error:
            _log.warning("connect_without_database", exc_info=error)
            page = Page(503, pages.problem("Not now", "Open your link again in a minute."))
        except Exception as error:  # noqa: BLE001 - a fault of ours is said like every other
            _log.error("connect_failed", exc_info=error)
            page = Page(
                500,
                pages.problem(
                    "This went wrong here", "Open your link again; if it comes back, tell who sent it."
                ),
            )
        headers = (*_HEADERS, *page.headers)
        await respond(send, page.status, page.body, content_type=b"text/html; charset=utf-8", headers=headers)

    return handle


async def _form(scope: Scope, receive: Receive) -> Mapping[str, str]:
    if scope["method"] != "POST":
        return {}
    body = await read_body(scope, receive, limit=_MOST_BYTES, within=_WITHIN)
    return _fields(body)


def _query(scope: Scope) -> dict[str, str]:
    return _fields(scope.get("query_string", b""))


def _fields(text: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(text.decode("ascii"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _browser(scope: Scope) -> str:
    try:
        cookie = SimpleCookie((header(scope, b"cookie") or b"").decode("latin-1")).get(_COOKIE)
    except ValueError:
        return ""
    return cookie.value if cookie else ""
