"""`kaiwa accounts check [ACCOUNT]`: how accounts are, in words, and what to do."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commands.calling import calling
from kaiwa.dispatcher.commands.marks import MARKS
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.health import examine, worst
from kaiwa.dispatcher.core.standing import Finding, Standing, Verdict
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.probes import Probes
from kaiwa.dispatcher.settings import Dispatcher
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.standings import standing
from kaiwa.dispatcher.throttling import Throttled
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import Meta, Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import Connection, connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")


@dataclass(frozen=True)
class Examined:
    """An account and what was found of it."""

    standing: Standing
    findings: list[Finding]

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    def plain(self) -> dict[str, object]:
        """For machines."""
        return {
            "account_id": self.standing.account_id,
            "display_name": self.standing.display_name,
            "verdict": self.verdict,
            "findings": [vars(finding) for finding in self.findings],
        }


class ReadSettings(Settings):
    postgres: Postgres


class AskSettings(Settings):
    postgres: Postgres
    meta: Meta
    dispatcher: Dispatcher


def check(
    account: Annotated[
        str | None, typer.Argument(help="One account; without it all, by what is known.")
    ] = None,
    *,
    stored: Annotated[bool, typer.Option("--stored", help="What is known, without asking Meta now.")] = False,
    as_json: Json = False,
) -> None:
    """How an account is and what to do: Meta is asked now. Exit code 1 where something is bad, 3 where Meta is away."""
    if account is None:
        found = asyncio.run(_stored(load(ReadSettings), None))
        if not found:
            raise Failure("no account is registered: run `kaiwa accounts apply accounts.json`")
        emit([each.plain() for each in found], as_json=as_json, table=_overview(found))
    else:
        answered = stored or asyncio.run(_ask(load(AskSettings), account))
        found = asyncio.run(_stored(load(ReadSettings), [account]))
        if not found:
            raise Failure(f"no account {account}: see `kaiwa accounts list`")
        emit(found[0].plain(), as_json=as_json, table=_detail(found[0]))
        if not answered:
            raise Failure(
                "Meta did not answer, or is to be left alone: this is what was known before", code=3
            )
    if any(each.verdict == "bad" for each in found):
        raise typer.Exit(1)


async def examined(session: Connection, ids: list[str] | None) -> list[Examined]:
    """Accounts by what is known of them; all of them without ids."""
    found = []
    async for row in _sql.standings(session, ids=ids):
        one = standing(row)
        now: datetime = row["now"]
        found.append(Examined(one, examine(one, now)))
    return found


async def _stored(settings: ReadSettings, ids: list[str] | None) -> list[Examined]:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="accounts") as session:
        return await examined(session, ids)


async def _ask(settings: AskSettings, account_id: str) -> bool:
    """Have Meta asked, as the dispatcher does; False where it did not answer. Nobody is asked about who has no token."""
    dsn, meta, own = settings.postgres.dsn.get_secret_value(), settings.meta, settings.dispatcher
    await require_current(dsn, "dispatcher")
    vault = Contents.from_file(own.seal_key_file)
    logins = Logins.from_settings(meta, vault)
    async with calling(dsn, meta, application="accounts") as (db, platform):
        row = await _sql.probe_of(db, account_id=account_id)
        if row is None or not row["sealed_token"]:
            return True
        slots = Slots(db, DatabaseClock())
        probes = Probes(db, platform, logins, vault, slots, period=own.probe_period)
        try:
            return await probes.ask(row) is not None
        except Throttled:
            return False


def _detail(examined: Examined) -> Table:
    title = f"{examined.standing.display_name} ({examined.standing.account_id})"
    table = Table("what", "", "how it is", "what to do", title=title, title_justify="left")
    for finding in examined.findings:
        table.add_row(finding.check, MARKS[finding.verdict], finding.says, finding.do or "")
    return table


def _overview(found: list[Examined]) -> Table:
    """Only what is not well; an account that is has one line."""
    table = Table("account", "name", "what", "", "how it is", "what to do")
    for each in found:
        who = (each.standing.account_id, each.standing.display_name)
        ill = [finding for finding in each.findings if finding.verdict != "good"]
        for finding in ill:
            table.add_row(*who, finding.check, MARKS[finding.verdict], finding.says, finding.do or "")
        if not ill:
            table.add_row(*who, "all", MARKS["good"], "", "")
    return table
