"""`kaiwa db after-restore`: makes a database that was restored from a backup safe to send from."""

import asyncio

import typer
from rich.table import Table

from kaiwa.bus.producer import Producer
from kaiwa.contracts import topics
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.intake import Intake
from kaiwa.dispatcher.restore import Recovered, Recovery
from kaiwa.dispatcher.settings import Dispatcher
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import Kafka, Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import pool
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_WITHIN = 10.0

db = typer.Typer(help="The database.")


class RestoreSettings(Settings):
    kafka: Kafka
    postgres: Postgres
    dispatcher: Dispatcher


@db.command("after-restore")
def after_restore(*, as_json: Json = False) -> None:
    """Learn from Kafka what the dispatcher's database forgot; what may have been sent since is in doubt.

    Stop every dispatcher first. It may be run again at any time.
    """
    found = asyncio.run(_recover(load(RestoreSettings)))
    if found is None:
        emit({"behind": False}, as_json=as_json, table="the database knows every outcome: nothing to do")
        return
    value = {
        "behind": True,
        "since": found.since,
        "applied": found.applied,
        "in_doubt": found.doubted,
        "lost": found.lost,
    }
    table = Table("request", "account", "customer", "state", "reason", title="not in the database")
    for row in found.lost:
        table.add_row(*(str(cell or "") for cell in row.values()))
    table.caption = f"{found.applied} ended as their outcomes say, {found.doubted} are in doubt: `kaiwa sends list --state in_doubt`"
    emit(value, as_json=as_json, table=table)


async def _recover(settings: RestoreSettings) -> Recovered | None:
    dsn, own = settings.postgres.dsn.get_secret_value(), settings.dispatcher
    await require_current(dsn, "dispatcher")
    vault = Contents.from_file(own.seal_key_file)
    async with (
        pool(dsn, application="after-restore", max_size=2) as opened,
        Producer(settings.kafka, client_id="kaiwa-after-restore") as producer,
        opened.acquire() as connection,
    ):
        if await _sql.others_at_work(connection):
            raise Failure("a dispatcher is at work on this database: stop it, then run this again")
        partitions = await producer.partitions(topics.EVENTS, within=_WITHIN)
        intake = Intake(vault, partitions=partitions)
        recovery = Recovery(settings.kafka, connection, intake, vault, policy=own.policy)
        return await recovery.run(lambda line: typer.echo(line, err=True))
