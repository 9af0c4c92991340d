"""Contracts that a stranger can read, made from the code: what stands in ``docs/contracts/``.

    structs, topics, reasons → shapes → asyncapi, openapi, pages, guide → documents
    data sets → odcs, sinks ↗

Pure: texts in, texts out. ``kaiwa contracts write`` does the writing, and turns what :func:`data_contracts` gives into
YAML.
"""

from collections.abc import Mapping, Sequence

from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.schema import asyncapi, odcs, openapi, shapes, sinks
from kaiwa.contracts.schema.catalogue import CHANNELS
from kaiwa.contracts.schema.datasets import DATASETS
from kaiwa.contracts.schema.example import Example, Note
from kaiwa.contracts.schema.guide import guide
from kaiwa.contracts.schema.pages import kind_page, pretty, reasons_page, record_page

__all__ = ["Example", "Note", "data_contracts", "documents", "schemas"]


def documents(notes: Mapping[Kind, Note], examples: Sequence[Example], bot: str) -> dict[str, str]:
    """Every generated file, by its path. ``examples`` are of the records that are no events."""
    shown = [*(example for kind in Kind for example in notes[kind].happened), *examples]
    event = shapes.components(Event, "#/$defs/{name}")
    return {
        "README.md": guide(notes, bot),
        "asyncapi.json": pretty(asyncapi.document(shown)) + "\n",
        "openapi.json": pretty(openapi.document()) + "\n",
        "examples.json": pretty([_shown(example) for example in shown]) + "\n",
        "reasons.md": reasons_page(),
        **{f"schemas/{name}.json": pretty(schema) + "\n" for name, schema in schemas().items()},
        **_records(examples),
        **{f"sinks/{one.topic}.duckdb.sql": sinks.duckdb(one) for one in DATASETS},
        **{f"sinks/{one.topic}.clickhouse.sql": sinks.clickhouse(one) for one in DATASETS},
        **{f"events/{kind}.md": kind_page(kind, notes[kind], event) for kind in Kind},
    }


def data_contracts() -> dict[str, odcs.Contract]:
    """The contract of each analytics topic, by its path."""
    return {f"odcs/{one.topic}.odcs.yaml": odcs.contract(one) for one in DATASETS}


def schemas() -> dict[str, shapes.Schema]:
    """The schema of each record, by the record's name."""
    records = dict.fromkeys(one.record for one in CHANNELS if one.record is not None)
    return {record.__name__: shapes.document(record) for record in records}


def _records(examples: Sequence[Example]) -> dict[str, str]:
    """The pages of the records that are no events."""
    return {
        f"records/{one.record.__name__}.md": record_page(
            one.record.__name__,
            shapes.components(one.record, "#/$defs/{name}"),
            [example for example in examples if example.topic == one.topic],
        )
        for one in CHANNELS
        if one.record not in (None, Event)
    }


def _shown(example: Example) -> dict[str, object]:
    return {
        "topic": example.topic,
        "key": example.key,
        "headers": dict(example.headers),
        "value": example.payload,
    }
