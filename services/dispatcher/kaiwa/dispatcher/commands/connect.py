"""`kaiwa accounts connect`: log an account in, switch its messages on, and read its threads."""

import asyncio
import secrets
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commands.backfill import BackfillSettings, read_threads, reported
from kaiwa.dispatcher.commands.calling import calling
from kaiwa.dispatcher.commands.marks import MARKS
from kaiwa.dispatcher.connect import local
from kaiwa.dispatcher.connect.activation import Activation
from kaiwa.dispatcher.connect.entrance import Entrance, Newcomer, Unwelcome, logging_in
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core import onboarding
from kaiwa.dispatcher.core.onboarding import Several
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.slots import Slots
from kaiwa.meta.logins import Client, Code, Returned
from kaiwa.meta.signatures import App, Host
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import KaiwaError, SettingsError
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current

_PATH = "/connect/callback"
_PATIENCE = 900.0  # seconds that a person has for Meta's dialog


@dataclass(frozen=True)
class Wishes:
    """What was said on the command line."""

    login: Host
    app_id: str | None
    wanted: str | None
    name: str | None
    locale: str
    port: int
    redirect_uri: str
    browser: bool
    paste: bool
    again: bool
    backfill: bool


@dataclass(frozen=True)
class Came:
    """How it ended; without a state nothing was stored."""

    findings: list[Finding]
    account_id: str | None = None
    state: State | None = None

    @property
    def well(self) -> bool:
        return self.state == "active" and all(finding.verdict != "bad" for finding in self.findings)


def connect(
    *,
    login: Annotated[str, typer.Option(help="facebook (a Page is linked) or instagram (no Page).")],
    app: Annotated[
        str | None, typer.Option(help="The app's id; needed where the apps file names several.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The account or Page that is meant, where there are several.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Stands in the disclosure; else the Page's or the account's.")
    ] = None,
    locale: Annotated[str, typer.Option(help="Language of the disclosure.")] = "en",
    port: Annotated[int, typer.Option(help="On loopback, for the browser to come back to.")] = 8910,
    redirect_uri: Annotated[
        str | None, typer.Option(help="As registered with Meta; else http://localhost:PORT/connect/callback.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the dialog in the browser of this machine.")] = True,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="Ask for the address that the browser ended at, and listen nowhere."),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Ask again for what was refused before.")] = False,
    backfill: Annotated[bool, typer.Option(help="Read the account's threads for their windows.")] = True,
    as_json: Json = False,
) -> None:
    """Log an account in and switch its messages on. Exit code 1 where something is missing; it says what, and what to do."""
    wishes = Wishes(
        login=login_of(login),
        app_id=app,
        wanted=account,
        name=name,
        locale=locale,
        port=port,
        redirect_uri=redirect_uri or f"http://localhost:{port}{_PATH}",
        browser=browser,
        paste=paste,
        again=again,
        backfill=backfill,
    )
    came = asyncio.run(_connect(load(BackfillSettings), wishes))
    table = Table("what", "", "how it is", "what to do")
    for finding in came.findings:
        table.add_row(finding.check, MARKS[finding.verdict], finding.says, finding.do or "")
    value = {
        "account_id": came.account_id,
        "state": came.state,
        "findings": [vars(finding) for finding in came.findings],
    }
    emit(value, as_json=as_json, table=table)
    if not came.well:
        raise Failure("not connected" if came.state is None else f"account {came.account_id} is {came.state}")


async def _connect(settings: BackfillSettings, wishes: Wishes) -> Came:
    dsn, meta = settings.postgres.dsn.get_secret_value(), settings.meta
    await require_current(dsn, "dispatcher")
    vault = Contents.from_file(settings.dispatcher.seal_key_file)
    logins = Logins.from_settings(meta, vault)
    async with AsyncExitStack() as stack:
        entrance = Entrance(await stack.enter_async_context(logging_in(meta)), logins.apps)
        client = _client(entrance, wishes.login, app_of(wishes.app_id, logins.apps()))
        try:
            newcomer = await _log_in(entrance, client, wishes)
        except Unwelcome as unwelcome:
            return Came(list(unwelcome.findings))
        db, platform = await stack.enter_async_context(calling(dsn, meta, application="connect"))
        activation = Activation(db, platform, vault, logins, Slots(db, DatabaseClock()))
        account_id = newcomer.account_id
        registered = await activation.register(newcomer, name=wishes.name, locale=wishes.locale)
        state, found = await activation.activate(account_id, newcomer.granted)
    findings = [*newcomer.findings, *([registered] if registered else []), *found]
    if wishes.backfill and state == "active":
        findings.append(await _backfill(settings, account_id))
    return Came(findings, account_id, state)


def login_of(given: str) -> Host:
    if given == "facebook":
        return "facebook"
    if given == "instagram":
        return "instagram"
    raise SettingsError("say which login: --login facebook or --login instagram")


def app_of(given: str | None, apps: Sequence[App]) -> str:
    """The app that is meant: the one that was named, or the only one."""
    known = sorted({each.app_id for each in apps})
    if given is None and len(known) > 1:
        raise SettingsError(f"say which app: --app {' or --app '.join(known)}")
    return given or known[0]


def _client(entrance: Entrance, login: Host, app_id: str) -> Client:
    client = entrance.client(app_id, login)
    if client is None:
        raise SettingsError(f"the file of KAIWA_META__APPS_FILE has no line of app {app_id} for this login")
    return client


async def _log_in(entrance: Entrance, client: Client, wishes: Wishes) -> Newcomer:
    state = secrets.token_urlsafe(32)
    url = entrance.dialog(client, redirect_uri=wishes.redirect_uri, state=state, again=wishes.again)
    said = await _back(url, state, wishes)
    if not isinstance(said, Code):
        raise Unwelcome(onboarding.unanswered_dialog(said))
    guest = await entrance.admit(client, said.code, wishes.redirect_uri)
    settled = entrance.settle(guest, wishes.wanted)
    if isinstance(settled, Several):
        settled = entrance.settle(guest, _chosen(settled))
    if isinstance(settled, Several):
        raise Unwelcome(onboarding.which(settled))
    return settled


async def _back(url: str, state: str, wishes: Wishes) -> Returned:
    """What the browser comes back with."""
    typer.echo(f"Log in here:\n\n{url}\n", err=True)
    if wishes.browser:
        webbrowser.open(url)
    if wishes.paste:
        typer.echo("Then paste the address that the browser ended at:", err=True)
        return local.pasted(await asyncio.to_thread(sys.stdin.readline), state)
    try:
        async with local.waiting(
            state, port=wishes.port, path=urlsplit(wishes.redirect_uri).path
        ) as callback:
            typer.echo(f"Waiting on port {wishes.port} for the browser to come back…", err=True)
            async with asyncio.timeout(_PATIENCE):
                return await callback.back
    except TimeoutError:
        raise Failure("nobody came back from the dialog: run it again") from None
    except OSError as error:
        raise SettingsError(
            f"port {wishes.port} cannot be used ({error.strerror}): choose another --port"
        ) from error


def _chosen(several: Several) -> str | None:
    """Which Page a person at the terminal means; nobody there chooses none."""
    if not sys.stdin.isatty():
        return None
    for number, page in enumerate(several.pages, start=1):
        typer.echo(f"{number}. {page.name} ({page.page_id}): @{page.username} ({page.account_id})", err=True)
    picked = typer.prompt("Which one", type=int, err=True)
    return several.pages[picked - 1].page_id if 0 < picked <= len(several.pages) else None


async def _backfill(settings: BackfillSettings, account_id: str) -> Finding:
    try:
        return reported(*await read_threads(settings, account_id))
    except KaiwaError as error:
        do = f"run `kaiwa conversations backfill {account_id}`"
        return Finding("threads", "warn", f"not read: {error}", do)
