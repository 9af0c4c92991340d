"""Gathers the evidence when the story is over: reads every topic, table and file from its beginning."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import aiohttp
import msgspec

from kaiwa.bus.reader import read
from kaiwa.bus.records import header_text, is_heartbeat
from kaiwa.contracts import events, outcomes, topics
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.topics import DEV_BOUND
from kaiwa.devstack.demo.evidence import Evidence, Written, texts_of
from kaiwa.devstack.demo.stage import Stage
from kaiwa.devstack.segments import traces
from kaiwa.devstack.stack import POSTGRES_VARIABLE
from kaiwa.devstack.tables import tables_with
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

_ERASABLE: Final = (topics.EVENTS, topics.QUARANTINE)
_SCANNED: Final = tuple(topic.name for topic in topics.TABLE if topic.name != topics.SENDS)
_CLIENT: Final = "kaiwa-demo-evidence"


async def gather(stage: Stage, *, unfinished: Sequence[str]) -> Evidence:
    """Reads everything from its beginning; ends the services, so that their logs are complete."""
    kafka, books = _kafka(stage), await stage.remote.books()
    left, ledger, spoken = await asyncio.gather(remains(stage), _ledger(stage), _metrics(stage))
    audit = await _audit(stage)
    deletions = await _deletions(stage)
    exits = await stage.kaiwa.stop()
    spoken |= {f"{name}.log": stage.kaiwa.processes[name].log.read_text() for name in stage.kaiwa.services}
    return Evidence(
        accounts=list(stage.kaiwa.accounts.values()),
        customers=stage.customers,
        books=books,
        partitions=await stage.producer.partitions(topics.EVENTS, within=10),
        written=await _written(kafka),
        requests=stage.watch.requests,
        outcomes=await _outcomes(kafka),
        unfinished=unfinished,
        erasures=stage.watch.erasures,
        proven=frozenset(stage.proven) if stage.segments else None,
        remains=left,
        forgotten=stage.forgotten,
        deletions=deletions,
        ledger=ledger,
        audit=audit,
        spoken=spoken,
        exits=exits,
    )


def _kafka(stage: Stage) -> Kafka:
    return Kafka(bootstrap_servers=stage.kaiwa.stack.bootstrap_servers)


async def _written(kafka: Kafka) -> list[Written]:
    return [
        Written(
            record.partition, record.offset, header_text(record, TRACEPARENT), events.decode(record.value)
        )
        async for record in read(kafka, [topics.EVENTS], client_id=_CLIENT)
        if record.value and not is_heartbeat(record)
    ]


async def _outcomes(kafka: Kafka) -> dict[str, Outcome]:
    newest: dict[str, Outcome] = {}
    async for record in read(kafka, [topics.OUTCOMES], client_id=_CLIENT):
        outcome = outcomes.decode(record.value or b"")
        known = newest.get(outcome.request_id)
        if known is None or outcome.seq > known.seq:
            newest[outcome.request_id] = outcome
    return newest


async def remains(stage: Stage) -> frozenset[str]:
    """Where a text that was unsent, or of somebody who is forgotten, can still be read.

    Looks again until the bound after the last unsend has passed: from then on there is no excuse.
    """
    books, kafka = await stage.remote.books(), _kafka(stage)
    texts = [text for each in books.unsent() for text in each.texts] + texts_of(books, stage.forgotten)
    last = max((event.acknowledged_at or 0.0 for event in books.produced("unsend")), default=0.0)
    while True:
        found = await _scan(stage, kafka, texts)
        if not found or time.time() > last + DEV_BOUND:
            return frozenset(found)
        await asyncio.sleep(0.5)


async def _deletions(stage: Stage) -> dict[str, str]:
    """The state of each request to delete, by its code."""
    said = msgspec.json.decode(await stage.kaiwa.kaiwa("deletions", "requests", "--json"))
    return {request["code"]: request["state"] for request in said}


async def _scan(stage: Stage, kafka: Kafka, texts: list[str]) -> set[str]:
    markers = [text.encode() for text in texts]
    found = {
        f"{record.topic}/{record.partition}/{record.offset}"
        async for record in read(kafka, _ERASABLE, client_id=_CLIENT)
        if any(marker in (record.value or b"") for marker in markers)
    }
    found |= {f"table {table}" for table in await tables_with(stage.kaiwa.env[POSTGRES_VARIABLE], *texts)}
    if stage.segments:
        for topic in _SCANNED:
            seen = await asyncio.to_thread(traces, stage.segments, topic, *markers)
            found |= {f"file {trace.file} ({trace.how})" for trace in seen}
    return found


async def _ledger(stage: Stage) -> str:
    """The verdict of `kaiwa ledger verify` in one line."""
    try:
        said = msgspec.json.decode(await stage.kaiwa.kaiwa("ledger", "verify", "--json"))
    except DependencyError as error:
        return f"not verified: {error}"
    return f"{said['entries']} entries, {said['checkpoints']} checkpoints"


async def _audit(stage: Stage) -> dict[str, int]:
    """What the independent audit says of disclosures, by the report's own figures."""
    with tempfile.TemporaryDirectory() as folder:
        out = await stage.kaiwa.kaiwa("report", "--out", f"{folder}/report.json", "--json")
    counted: Counter[str] = Counter()
    for figure in msgspec.json.decode(out)["figures"]:
        section, name = figure["section"], figure["name"]
        counts_dues = section == "disclosures" and figure["unit"] == ""
        if counts_dues or (section == "findings" and name.startswith("disclosure ")):
            counted[name] += int(figure["value"])
    return dict(counted)


async def _metrics(stage: Stage) -> dict[str, str]:
    said = {}
    async with aiohttp.ClientSession() as http:
        for name in stage.kaiwa.services:
            async with http.get(f"{stage.kaiwa.url(name)}/metrics") as answer:
                said[f"{name}/metrics"] = await answer.text()
    return said
