"""`kaiwa profile …`: what people see before they write: ice breakers, the menu, links."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table

from kaiwa.dispatcher.commands.calling import calling
from kaiwa.dispatcher.commands.check import AskSettings
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core import igme, profile_file
from kaiwa.dispatcher.core.profile import CANNOT, SECTIONS, Locales, Section, Step, Wanted, body, plan
from kaiwa.dispatcher.logins import Logins
from kaiwa.meta import profiles
from kaiwa.meta.answers import Accepted, Lost, NotSent, Refused
from kaiwa.meta.errors import explain
from kaiwa.meta.graph import Graph, Sender
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import DependencyError, SettingsError
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

profile = typer.Typer(help="What people see before they write: ice breakers, menu, links.")


@dataclass(frozen=True)
class Done:
    """A step and what came of it; ``failed`` is the platform's answer, in words."""

    step: Step
    failed: str | None = None


@profile.command()
def show(account: str, *, as_json: Json = False) -> None:
    """An account's entry points as Meta has them, in the form of the file that `apply` takes."""
    found = asyncio.run(_show(load(AskSettings), account))
    plain = {account: {name: _plain(locales) for name, locales in found.items()}}
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100).rstrip()
    emit(plain, as_json=as_json, table=text)


@profile.command("apply")
def apply_command(
    file: Annotated[Path, typer.Argument(help="The profile (YAML).")],
    *,
    dry_run: Annotated[bool, typer.Option("--plan", help="Show what would change, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make accounts' entry points equal to a file; what it leaves out stays. Exit code 1 where Meta refused something."""
    wanted = _read(file)
    done = asyncio.run(_apply(load(AskSettings), wanted, dry_run=dry_run))
    table = Table("account", "section", "planned" if dry_run else "done", "what", caption="\n".join(CANNOT))
    for each in done:
        outcome = each.step.action if each.failed is None else f"[red]{each.failed}[/]"
        table.add_row(each.step.account_id, each.step.section, outcome, "\n".join(each.step.what))
    emit({"steps": [_told(each) for each in done], "cannot": CANNOT}, as_json=as_json, table=table)
    if any(each.failed for each in done):
        raise Failure("Meta refused some of it: mend that and run it again, what is done stays")


@profile.command()
def link(
    account: str,
    refs: Annotated[
        list[str] | None, typer.Argument(help="One link for each; without any, one without.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make ig.me links to an account's messages; a ref comes back with the first message."""
    name = asyncio.run(_username(load(AskSettings), account))
    try:
        links = [igme.made(name, ref) for ref in refs] if refs else [igme.made(name, None)]
    except igme.LinkError as error:
        raise SettingsError(str(error)) from error
    emit(links, as_json=as_json, table="\n".join(links))


@profile.command("check-link")
def check_link(
    url: str,
    account: Annotated[str | None, typer.Option(help="Whose it should be.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Whether an ig.me link works, and brings its ref. Exit code 1 where it does not."""
    try:
        name, ref = igme.checked(url)
    except igme.LinkError as error:
        raise Failure(str(error)) from error
    if account is not None and (theirs := asyncio.run(_username(load(AskSettings), account))) != name:
        raise Failure(f"the link leads to {name}, the account is {theirs}")
    emit({"username": name, "ref": ref}, as_json=as_json, table=f"leads to {name}, brings {ref or 'no ref'}")


def _read(file: Path) -> list[Wanted]:
    try:
        return profile_file.parse(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: name the profile file") from error
    except profile_file.ProfileFileError as error:
        raise SettingsError(f"{file}, {error}") from error


@asynccontextmanager
async def _senders(settings: AskSettings, ids: list[str]) -> AsyncIterator[tuple[Graph, dict[str, Sender]]]:
    """The platform, and who calls it for each account. Raises Failure for one that is not registered or has no token."""
    dsn, meta = settings.postgres.dsn.get_secret_value(), settings.meta
    await require_current(dsn, "dispatcher")
    logins = Logins.from_settings(meta, Contents.from_file(settings.dispatcher.seal_key_file))
    senders = {}
    async with calling(dsn, meta, application="profile") as (db, platform):
        for account_id in ids:
            row = await _sql.account_login(db, account_id=account_id)
            if row is None:
                raise Failure(f"no account {account_id}: see `kaiwa accounts list`")
            if not row["sealed_token"]:
                raise Failure(f"account {account_id} has no token: see `kaiwa accounts check {account_id}`")
            senders[account_id] = logins.sender(row)
        yield platform, senders


async def _show(settings: AskSettings, account_id: str) -> dict[Section, Locales]:
    async with _senders(settings, [account_id]) as (platform, senders):
        return await _stored(platform, senders[account_id], SECTIONS)


async def _stored(platform: Graph, sender: Sender, sections: tuple[Section, ...]) -> dict[Section, Locales]:
    found: dict[Section, Locales] = {}
    for section in sections:
        said = await profiles.read(platform, sender, section)
        if isinstance(said, Refused):
            raise Failure(_explained(said))
        if isinstance(said, NotSent | Lost):
            raise DependencyError("Meta does not answer now: run it again")
        found[section] = said
    return found


async def _apply(settings: AskSettings, wanted: list[Wanted], *, dry_run: bool) -> list[Done]:
    done = []
    async with _senders(settings, [each.account_id for each in wanted]) as (platform, senders):
        plans = [
            plan(each, await _stored(platform, senders[each.account_id], tuple(each.sections)))
            for each in wanted
        ]
        for step in (step for steps in plans for step in steps):
            failed = None if dry_run else await _do(platform, senders[step.account_id], step)
            done.append(Done(step, failed))
    return done


async def _do(platform: Graph, sender: Sender, step: Step) -> str | None:
    """What went wrong, None where nothing did."""
    if step.action == "keep":
        return None
    said = (
        await profiles.remove(platform, sender, step.section)
        if step.action == "remove"
        else await profiles.write(platform, sender, body(step.section, step.locales))
    )
    match said:
        case Accepted():
            return None
        case Refused():
            return _explained(said)
        case _:
            return "Meta did not answer"


async def _username(settings: AskSettings, account_id: str) -> str:
    async with _senders(settings, [account_id]) as (platform, senders):
        name = await profiles.username(platform, senders[account_id], account_id)
    if name is None:
        raise DependencyError(f"Meta does not say the name of account {account_id} now: run it again")
    return name


def _explained(said: Refused) -> str:
    row = explain(said.code, said.subcode)
    number = f"{said.code}" if said.subcode is None else f"{said.code}/{said.subcode}"
    return f"{row.explanation} (error {number})"


def _plain(locales: Locales) -> dict[str, Any]:
    """As the file has it: a menu item's type follows from what it has."""
    return {
        locale: [{name: text for name, text in entry.items() if name != "type"} for entry in entries]
        for locale, entries in locales.items()
    }


def _told(each: Done) -> dict[str, Any]:
    step = each.step
    return {
        "account_id": step.account_id,
        "section": step.section,
        "action": step.action,
        "what": step.what,
        "failed": each.failed,
    }
