"""`kaiwa conversations backfill ACCOUNT`: the windows that opened before anybody listened."""

import asyncio
from dataclasses import asdict

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.producer import Producer
from kaiwa.contracts import topics
from kaiwa.dispatcher.backfill import Backfill, Gaps, Progress
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commands.calling import calling
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.settings import Dispatcher
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.threads import Threads
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka, Meta, Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_WITHIN = 10.0
_MOST = 20  # names in a line
_UNKNOWN = "Not returned by Meta: threads in Requests that are idle for 30 days, and what lies behind a thread's 20 newest messages."


class BackfillSettings(Settings):
    kafka: Kafka
    postgres: Postgres
    meta: Meta
    dispatcher: Dispatcher


def backfill(account: str, *, as_json: Json = False) -> None:
    """Read an account's threads for their windows, two a second; a run that was ended goes on where it was."""
    done, gaps = asyncio.run(read_threads(load(BackfillSettings), account))
    unheard = done.threads - done.heard
    text = f"{done.threads} threads read, {done.heard} windows known, {unheard} without a customer's message.\n{_UNKNOWN}"
    if named := _named(gaps):
        text += f"\n{named}"
    result = {
        "account_id": account,
        **asdict(done),
        "unheard": unheard,
        "not_returned": _UNKNOWN,
        "gaps": asdict(gaps),
    }
    emit(result, as_json=as_json, table=text)


def reported(done: Progress, gaps: Gaps) -> Finding:
    """The same as one line of a report."""
    says = f"{done.threads} threads read, {done.heard} windows known"
    return Finding("threads", "good", says, f"{_UNKNOWN} {_named(gaps)}".rstrip())


def _named(gaps: Gaps) -> str:
    """Whom it concerns, as far as we know of them; all of them with `--json`."""
    lists = (
        ("The customer is not among the newest 20 of", gaps.behind),
        ("Known here, and not listed by Meta:", gaps.not_listed),
    )
    return " ".join(f"{what} {_some(ids)}." for what, ids in lists if ids)


def _some(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
    return ", ".join(ids[:_MOST]) + more


async def read_threads(settings: BackfillSettings, account_id: str) -> tuple[Progress, Gaps]:
    """Read an account's threads, with a bar on stderr."""
    dsn, meta = settings.postgres.dsn.get_secret_value(), settings.meta
    await require_current(dsn, "dispatcher")
    logins = Logins.from_settings(meta, Contents.from_file(settings.dispatcher.seal_key_file))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    done = Progress(0, 0)
    async with calling(dsn, meta, application="backfill") as (db, platform):
        login = await _sql.account_login(db, account_id=account_id)
        if login is None:
            raise Failure(f"no account {account_id}: see `kaiwa accounts list`")
        threads = Threads(platform, logins, Slots(db, DatabaseClock()))
        work = Backfill(db, threads, partitions=await _partitions(settings.kafka))
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reading threads")
            async for done in work.run(login):
                bar.update(task, description=f"{done.threads} threads, {done.heard} windows")
        return done, await work.gaps(account_id)


async def _partitions(kafka: Kafka) -> int:
    async with Producer(kafka, client_id="kaiwa-backfill") as producer:
        try:
            return await producer.partitions(topics.EVENTS, within=_WITHIN)
        except PublishFailed as error:
            raise DependencyError(f"no topic {topics.EVENTS}: run `kaiwa topics apply`") from error
