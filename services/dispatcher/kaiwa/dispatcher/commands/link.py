"""`kaiwa accounts link`: an operator's link, by which an account's owner logs in without an operator."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

import typer

from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.commands.connect import app_of, login_of
from kaiwa.dispatcher.connect import links
from kaiwa.dispatcher.logins import apps_of
from kaiwa.dispatcher.settings import Door
from kaiwa.meta.logins import client_of
from kaiwa.meta.signatures import Host
from kaiwa.runtime.cli import Json, emit
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.settings import Meta, Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection


class LinkSettings(Settings):
    postgres: Postgres
    meta: Meta
    door: Door = Door()


def link(
    *,
    login: Annotated[str, typer.Option(help="facebook (a Page is linked) or instagram (no Page).")],
    app: Annotated[
        str | None, typer.Option(help="The app's id; needed where the apps file names several.")
    ] = None,
    hours: Annotated[float, typer.Option(help="How long it can be used.", min=0.01, max=720)] = 24,
    as_json: Json = False,
) -> None:
    """Make a link that connects one account; whoever has it may use it, so send it to the account's owner alone."""
    settings, wanted = load(LinkSettings), login_of(login)
    url = settings.door.connect_url
    if url is None:
        raise SettingsError(
            "KAIWA_DOOR__CONNECT_URL is not set: give the door's public address, as the dispatcher has it"
        )
    apps = apps_of(settings.meta)
    app_id = app_of(app, apps)
    if client_of(apps, app_id, wanted) is None:
        raise SettingsError(f"the file of KAIWA_META__APPS_FILE has no line of app {app_id} for this login")
    secret, ends = asyncio.run(_make(settings, wanted, app_id, timedelta(hours=hours)))
    address = f"{url}/connect/{wanted}?link={secret}"
    text = f"{address}\n\nIt connects one account, until {rfc3339(ends)}. The redirect URI for Meta: {url}/connect/callback"
    emit(
        {"link": address, "expires_at": rfc3339(ends), "redirect_uri": f"{url}/connect/callback"},
        as_json=as_json,
        table=text,
    )


async def _make(settings: LinkSettings, login: Host, app_id: str, life: timedelta) -> tuple[str, datetime]:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="connect") as session:
        return await links.make(session, login=login, app_id=app_id, life=life)
