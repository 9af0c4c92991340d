"""``kaiwa quarantine …``: what could not be understood, until a person decides. Content only where it is asked for."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.table import Table

from kaiwa.bus.errors import PublishFailed, away
from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.quarantine import Cause
from kaiwa.ingest.accounts import Registry
from kaiwa.ingest.held import Held, delivery, held
from kaiwa.ingest.normalise import normalise
from kaiwa.ingest.publish import records
from kaiwa.ingest.settings import Ingest
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import Kafka, Settings, load

_CLIENT = "kaiwa-quarantine"
_WITHIN = 30.0  # seconds for one publish

quarantine = typer.Typer(help="What could not be understood.")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Records, as `list` names them.")]
Reason = Annotated[Cause | None, typer.Option("--reason", help="Those with this reason.")]


class ReadSettings(Settings):
    kafka: Kafka


class ReplaySettings(Settings):
    kafka: Kafka
    ingest: Ingest


@quarantine.command("list")
def list_command(*, reason: Reason = None, as_json: Json = False) -> None:
    """What is held, with counts by reason."""
    found = [one for one in asyncio.run(_held(load(ReadSettings).kafka)) if reason in (None, one.reason)]
    counts = Counter(str(one.reason) for one in found)
    table = Table("id", "reason", "source", "app", "account", "received", "bytes", caption=_words(counts))
    for row in (one.summary() for one in found):
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    emit({"counts": counts, "records": [one.summary() for one in found]}, as_json=as_json, table=table)


@quarantine.command()
def show(
    record_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    content: Annotated[bool, typer.Option("--content", help="Write the original bytes instead.")] = False,
    as_json: Json = False,
) -> None:
    """One record: what is known of it, or the bytes themselves."""
    [one] = _chosen(asyncio.run(_held(load(ReadSettings).kafka)), [record_id], None)
    if content:
        sys.stdout.buffer.write(one.value)
        return
    table = Table("what", "value")
    for name, value in one.summary().items():
        table.add_row(name, "" if value is None else str(value))
    emit(one.summary(), as_json=as_json, table=table)


@quarantine.command()
def replay(ids: Ids = None, *, reason: Reason = None, as_json: Json = False) -> None:
    """Read the original bytes again; what is understood now becomes events and leaves quarantine."""
    _require_choice(ids, reason)
    settings = load(ReplaySettings)
    outcome = asyncio.run(_replay(settings, ids, reason))
    kept = [row for row in outcome if row["kept"]]
    table = Table("id", "events", "still held because")
    for row in outcome:
        table.add_row(row["id"], str(row["events"]), row["kept"] or "")
    emit(outcome, as_json=as_json, table=table)
    if kept:
        raise Failure(f"{len(kept)} of {len(outcome)} are still held: {kept[0]['kept']}")


@quarantine.command()
def drop(ids: Ids = None, *, reason: Reason = None, as_json: Json = False) -> None:
    """Erase records for good."""
    _require_choice(ids, reason)
    kafka = load(ReadSettings).kafka
    dropped = asyncio.run(_drop(kafka, ids, reason))
    emit(dropped, as_json=as_json, table=f"dropped {len(dropped)}")


async def _held(kafka: Kafka) -> list[Held]:
    found = [record async for record in read(kafka, [topics.QUARANTINE], client_id=_CLIENT)]
    return list(held(found).values())


async def _replay(
    settings: ReplaySettings, ids: list[str] | None, reason: Cause | None
) -> list[dict[str, Any]]:
    kafka = settings.kafka
    chosen = _chosen(await _held(kafka), ids, reason)
    registry = Registry(kafka)
    async for record in read(kafka, [topics.ACCOUNTS], client_id=_CLIENT):
        registry.apply(record)
    outcome = []
    async with Producer(kafka, client_id=_CLIENT) as producer:
        partitions = await producer.partitions(topics.EVENTS, within=_WITHIN)
        for one in chosen:
            made, kept = _again(one, settings.ingest, partitions, registry)
            if kept is None:
                await _publish(kafka, producer, made)
                await _publish(kafka, producer, [_tombstone(one)])
            outcome.append({"id": one.record_id, "events": 0 if kept else len(made), "kept": kept})
    return outcome


def _again(
    one: Held, ingest: Ingest, partitions: int, registry: Registry
) -> tuple[list[Outgoing], str | None]:
    """The events in it, or why it stays."""
    brought = delivery(one)
    if brought is None:
        return [], f"it came from {one.source}, not from Meta: whoever wrote it has to send it again"
    id_key = read_keys(ingest.id_key_file)[0]
    reading = normalise(
        brought.body,
        app_id=brought.app_id,
        received_at=brought.received_at,
        id_key=id_key,
        always_raw=ingest.raw == "always",
    )
    made = list(records(reading, brought, id_key=id_key, partitions=partitions, app_of=registry.app_of))
    still = next((label for label, _ in made if isinstance(label, Cause)), None)
    return [record for _, record in made], None if still is None else f"it is {still} as before"


async def _drop(kafka: Kafka, ids: list[str] | None, reason: Cause | None) -> list[str]:
    chosen = _chosen(await _held(kafka), ids, reason)
    async with Producer(kafka, client_id=_CLIENT) as producer:
        await _publish(kafka, producer, [_tombstone(one) for one in chosen])
    return [one.record_id for one in chosen]


def _tombstone(one: Held) -> Outgoing:
    return Outgoing(topics.QUARANTINE, one.record_id.encode("ascii"), None, partition=one.partition)


async def _publish(kafka: Kafka, producer: Producer, made: list[Outgoing]) -> None:
    try:
        await producer.publish(made, within=_WITHIN)
    except PublishFailed as error:
        raise away(kafka) from error


def _require_choice(ids: list[str] | None, reason: Cause | None) -> None:
    if not ids and reason is None:
        raise SettingsError("say which: name ids, or a --reason")


def _chosen(found: Iterable[Held], ids: list[str] | None, reason: Cause | None) -> list[Held]:
    by_id = {one.record_id: one for one in found}
    if missing := [name for name in ids or () if name not in by_id]:
        raise Failure(f"quarantine holds no {missing[0]}: see `kaiwa quarantine list`")
    named = [by_id[name] for name in ids] if ids else list(by_id.values())
    chosen = [one for one in named if reason in (None, one.reason)]
    if not chosen:
        raise Failure("quarantine holds nothing like that: see `kaiwa quarantine list`")
    return chosen


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in counts.most_common()) or "nothing is held"
