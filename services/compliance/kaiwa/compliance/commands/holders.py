"""``kaiwa holders …``: who holds what people wrote, and by when it is gone there."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated, Any, Final

import rich.table
import typer

from kaiwa.bus.cluster import cluster
from kaiwa.bus.reader import read
from kaiwa.compliance.commands.database import Reading, database
from kaiwa.compliance.commands.edges import Bar
from kaiwa.compliance.core.harmless import objection
from kaiwa.compliance.core.holders import OURS, Holder, built_in
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import topics
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import Kafka, Settings, load
from kaiwa.store import queries

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_EMPTYING: Final = (topics.SENDS, topics.OUTCOMES, topics.PRIVACY)
_LOOKED_AT: Final = (topics.ANALYTICS_INBOUND, topics.ANALYTICS_OUTBOUND, topics.ANALYTICS_COMPLIANCE)

_sql: Final[Any] = queries.load("kaiwa.compliance")

holders = typer.Typer(help="Who holds what people wrote, and by when it is gone there.")

Name = Annotated[str, typer.Argument(help="As its receipts say it: lower case, digits, dots and dashes.")]


class _Watching(Settings):
    kafka: Kafka


@holders.command("add")
def add(
    name: Name,
    *,
    deadline: Annotated[float, typer.Option("--deadline", min=1, help="Seconds until its receipt is late.")],
    as_json: Json = False,
) -> None:
    """Register a holder, or change its deadline: from now on every erasure waits for its receipt."""
    if name in OURS or name in {topic.name for topic in topics.TABLE}:
        raise Failure(f"{name} is built in: choose another name", code=2)
    if not _NAME.fullmatch(name):
        raise Failure(f"{name!r} is no name: use lower case, digits, dots and dashes", code=2)
    asyncio.run(_add(load(Reading), name, timedelta(seconds=deadline)))
    emit(
        {"holder": name, "deadline": deadline},
        as_json=as_json,
        table=f"{name}: every erasure from now on waits for its receipt, {deadline:g} s at most",
    )


async def _add(settings: Reading, name: str, deadline: timedelta) -> None:
    async with database(settings.postgres) as opened:
        await _sql.add_holder(opened, name=name, deadline=deadline)


@holders.command("remove")
def remove(
    name: Name,
    *,
    release: Annotated[
        bool, typer.Option("--release", help="Although it owes receipts: nobody waits for them any more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Strike a holder off: nothing waits for it from now on."""
    asyncio.run(_remove(load(Reading), name, release=release))
    emit({"holder": name, "removed": True}, as_json=as_json, table=f"{name}: removed")


async def _remove(settings: Reading, name: str, *, release: bool) -> None:
    async with database(settings.postgres) as opened, opened.transaction():
        owed = await _sql.owed_by(opened, name=name)
        if owed and not release:
            raise Failure(f"{name} owes {owed} receipts: wait for them, or add --release")
        if await _sql.remove_holder(opened, name=name) is None:
            raise Failure(f"no holder {name} is registered: see `kaiwa holders list`")
        await _sql.release_holder(opened, name=name)


@holders.command("list")
def list_(*, as_json: Json = False) -> None:
    """Every place where data of people are, ours and registered, with what each still owes."""
    ours, theirs, strays = asyncio.run(_list(load(ComplianceSettings)))
    table = rich.table.Table("holder", "gone by", "within", "owes", "late", "what")
    for holder in ours:
        owing = theirs.pop(holder.name, {"owed": 0, "late": 0})
        within = "" if holder.by is None else f"{holder.by:g} s"
        table.add_row(holder.name, holder.how, within, str(owing["owed"]), str(owing["late"]), holder.what)
    for name, row in theirs.items():
        within = f"{row['deadline']:g} s" if row["deadline"] else "removed"
        table.add_row(name, "receipt", within, str(row["owed"]), str(row["late"]), "registered")
    for why, count in strays.items():
        table.add_row(f"({why})", "", "", "", "", f"{count} receipts kept apart")
    emit(
        {"built_in": ours, "registered": theirs, "stray_receipts": strays}
        if not as_json
        else {
            "built_in": [{**vars(holder)} for holder in ours],
            "registered": [{"holder": name, **row} for name, row in theirs.items()],
            "stray_receipts": strays,
        },
        as_json=as_json,
        table=table,
    )


async def _list(
    settings: ComplianceSettings,
) -> tuple[tuple[Holder, ...], dict[str, dict[str, Any]], dict[str, int]]:
    async with cluster(settings.kafka) as found:
        existing = await found.existing(_EMPTYING)
    retentions = {
        name: (int(topic.effective["retention.ms"]) + int(topic.effective["segment.ms"])) / 1000
        for name, topic in existing.items()
    }
    async with database(settings.postgres) as opened:
        theirs = {
            row["name"]: {
                "deadline": row["deadline"] and row["deadline"].total_seconds(),
                "owed": row["owed"],
                "late": row["late"],
            }
            async for row in _sql.list_holders(opened)
        }
        strays = {row["why"]: row["receipts"] async for row in _sql.strays(opened)}
    ours = built_in(
        bound=settings.compliance.bound,
        retentions={name: retentions.get(name, float("inf")) for name in _EMPTYING},
    )
    return ours, theirs, strays


@holders.command("check")
def check(*, as_json: Json = False) -> None:
    """Read every analytics record: that there is no personal data in it is checked, not believed."""
    counts, found = asyncio.run(_check(load(_Watching).kafka))
    emit(
        {"ok": not found, "records": counts, "findings": found},
        as_json=as_json,
        table="\n".join(f"{topic}: {count} records hold no personal data" for topic, count in counts.items())
        if not found
        else "",
    )
    if found:
        raise Failure(f"{found[0]}; {len(found)} findings in all")


async def _check(kafka: Kafka) -> tuple[dict[str, int], list[str]]:
    counts = dict.fromkeys(_LOOKED_AT, 0)
    found: list[str] = []
    with Bar("records") as bar:
        async for record in read(kafka, _LOOKED_AT, client_id="kaiwa.command"):
            counts[record.topic] += 1
            bar.moved(sum(counts.values()))
            why = objection(record.key, record.value, record.headers)
            if why is not None:
                found.append(f"{record.topic}/{record.partition}/{record.offset} {why}")
    return counts, found
