"""From a code to a newcomer: tokens, permissions, and which account is meant. Nothing is stored here."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from kaiwa.dispatcher.core import onboarding
from kaiwa.dispatcher.core.onboarding import Chosen, Missing, Several
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta import oauth
from kaiwa.meta.graph import Sender
from kaiwa.meta.login_answers import Identity, Page, Token
from kaiwa.meta.logins import Client, client_of, dialog
from kaiwa.meta.oauth import Declined, LoginError, OAuth, Unanswered
from kaiwa.meta.permissions import scopes
from kaiwa.meta.signatures import App, Host, proof_of
from kaiwa.runtime.settings import Meta


def logging_in(meta: Meta) -> AbstractAsyncContextManager[OAuth]:
    """The calls of both logins, to the hosts of the settings."""
    return oauth.connect(
        hosts={"facebook": meta.facebook_graph_url, "instagram": meta.instagram_graph_url},
        doors={"facebook": meta.facebook_login_url, "instagram": meta.instagram_login_url},
        version=meta.graph_version,
    )


class Unwelcome(Exception):
    """Nothing comes of this login; the findings say why, and what to do."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(findings[0].says)
        self.findings = findings


@dataclass(frozen=True)
class Guest:
    """Who logged in and what they granted; with Facebook's login the Pages among which one is meant."""

    client: Client
    token: Token
    granted: frozenset[str]
    identity: Identity
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True)
class Newcomer:
    """An account with everything that the registry wants of it; ``life`` of its token, None where Meta names none."""

    account_id: str
    app_id: str
    login: Host
    page_id: str | None
    login_user_id: str
    name: str
    token: str = field(repr=False)
    granted: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    life: timedelta | None = None


class Entrance:
    """``apps``: looked up at each login, so that a rotated secret needs no restart."""

    def __init__(self, oauth: OAuth, apps: Callable[[], Sequence[App]]) -> None:
        self._oauth = oauth
        self._apps = apps

    def client(self, app_id: str, login: Host) -> Client | None:
        return client_of(self._apps(), app_id, login)

    def dialog(self, client: Client, *, redirect_uri: str, state: str, again: bool = False) -> str:
        """Where the person is sent."""
        return dialog(
            client,
            self._oauth.dialog(client.login),
            redirect_uri=redirect_uri,
            state=state,
            scopes=scopes(client.login),
            again=again,
        )

    async def admit(self, client: Client, code: str, redirect_uri: str) -> Guest:
        """Exchange a code, and ask what it is worth. Raises Unwelcome."""
        try:
            short = await self._oauth.redeem(client, code, redirect_uri)
            long = await self._oauth.lengthen(client, short.value)
            who = self._sender(client, long.value)
            if client.login == "instagram":
                granted = (
                    short.permissions if short.permissions is not None else frozenset(scopes("instagram"))
                )
                return Guest(client, long, granted, await self._oauth.identity(who))
            told = await self._oauth.inspect(client, long.value)
            if told.app_id != client.client_id or not told.valid:
                raise Unwelcome(onboarding.another_app(told.app_id))
            granted = await self._oauth.permissions(who)
            _demand(client.login, granted)
            pages = tuple(await self._oauth.pages(who))
            return Guest(client, long, granted, await self._oauth.identity(who), pages)
        except LoginError as error:
            raise Unwelcome(_why(client.login, error)) from None

    def settle(self, guest: Guest, wanted: str | None) -> Newcomer | Several:
        """The account that is meant, or several Pages to choose from. Raises Unwelcome."""
        _demand(guest.client.login, guest.granted)
        if guest.client.login == "instagram":
            return self._alone(guest, wanted)
        match onboarding.choose(guest.pages, wanted):
            case Missing(finding):
                raise Unwelcome(finding)
            case Several() as several:
                return several
            case Chosen(page):
                return self._of_page(guest, page)

    def _alone(self, guest: Guest, wanted: str | None) -> Newcomer:
        who = guest.identity
        if wrong := onboarding.professional(who):
            raise Unwelcome(wrong)
        account_id = str(who.account_id)
        if wanted is not None and wanted != account_id:
            raise Unwelcome(onboarding.another_account(wanted, who))
        name = who.username or account_id
        says = f"@{name} ({account_id}), {onboarding.kind(who)}"
        return Newcomer(
            account_id,
            guest.client.app_id,
            "instagram",
            None,
            who.login_user_id,
            name,
            guest.token.value,
            guest.granted,
            (Finding("account", "good", says), onboarding.permissions("instagram", guest.granted)),
            guest.token.lifetime,
        )

    def _of_page(self, guest: Guest, page: Page) -> Newcomer:
        says = f"@{page.username or '?'} ({page.account_id}), linked to Page {page.name or page.page_id}"
        found = [Finding("account", "good", says), onboarding.permissions("facebook", guest.granted)]
        found += [lack] if (lack := onboarding.tasks(page)) else []
        return Newcomer(
            str(page.account_id),
            guest.client.app_id,
            "facebook",
            page.page_id,
            guest.identity.login_user_id,
            page.name or page.username or str(page.account_id),
            page.token,
            guest.granted,
            tuple(found),
        )

    def _sender(self, client: Client, token: str) -> Sender:
        proof = proof_of(self._apps(), client.app_id, client.login, token)
        return Sender(client.login, "me", token, proof)


def _demand(login: Host, granted: frozenset[str]) -> None:
    if onboarding.lacking(login, granted):
        raise Unwelcome(onboarding.permissions(login, granted))


def _why(login: Host, error: LoginError) -> Finding:
    match error:
        case Declined(step=step, fault=fault):
            return onboarding.refusal(login, step, fault)
        case Unanswered(step=step, why=why):
            return onboarding.unanswered(step, why)
    raise AssertionError(error)
