"""`kaiwa accounts health`: how all accounts are, as counts, and which of them are in trouble."""

import asyncio
from collections import Counter
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table

from kaiwa.dispatcher.commands.check import Examined, ReadSettings, examined
from kaiwa.dispatcher.commands.marks import MARKS
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection

_SHOWN = 20


def health(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Every account in trouble, not the first {_SHOWN}.")
    ] = False,
    as_json: Json = False,
) -> None:
    """How all accounts are, by what is known, and which are in trouble. Exit code 1 where one of them is."""
    found = asyncio.run(_read(load(ReadSettings)))
    if not found:
        raise Failure("no account is registered: run `kaiwa accounts apply accounts.json`")
    troubled = [each for each in found if each.verdict == "bad"]
    shown = troubled if everything else troubled[:_SHOWN]
    states: Counter[str] = Counter(each.standing.state for each in found)
    troubles = Counter(
        finding.check for each in troubled for finding in each.findings if finding.verdict == "bad"
    )
    value = {
        "accounts": len(found),
        "states": dict(states),
        "troubled": len(troubled),
        "troubles": dict(troubles.most_common()),
        "rows": [each.plain() for each in shown],
    }
    emit(
        value,
        as_json=as_json,
        table=Group(_counts(len(found), states, troubles), *_rows(shown, len(troubled))),
    )
    if troubled:
        raise typer.Exit(1)


async def _read(settings: ReadSettings) -> list[Examined]:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="accounts") as session:
        return await examined(session, None)


def _counts(total: int, states: Counter[str], troubles: Counter[str]) -> Table:
    table = Table("accounts", "")
    table.add_row("registered", str(total))
    for state, count in states.most_common():
        table.add_row(state, str(count))
    for trouble, count in troubles.most_common():
        table.add_row(f"in trouble: {trouble}", f"[red]{count}[/]")
    return table


def _rows(shown: list[Examined], troubled: int) -> list[Table | str]:
    """Each account in trouble with the first thing to mend."""
    if not shown:
        return []
    table = Table("account", "name", "what", "", "how it is", "what to do")
    for each in shown:
        bad = [finding for finding in each.findings if finding.verdict == "bad"]
        first = next((finding for finding in bad if finding.check != "state"), bad[0])
        who = (each.standing.account_id, each.standing.display_name)
        table.add_row(*who, first.check, MARKS[first.verdict], first.says, first.do or "")
    rest = troubled - len(shown)
    return [table, f"and {rest} more: --all"] if rest else [table]
