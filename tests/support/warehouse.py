"""A sink as the published SQL makes it, and the rules of its contract run on it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import yaml
from published import text

from kaiwa.contracts.schema.datasets import Dataset


def filled(data: Dataset, exported: Iterable[str], folder: Path) -> duckdb.DuckDBPyConnection:
    """The published sink of a data set, in memory, over lines as ``export.py`` writes them."""
    file = folder / f"{data.name}.jsonl"
    file.write_text("".join(f"{line}\n" for line in exported))
    sink = duckdb.connect()
    sink.execute(text(f"sinks/{data.topic}.duckdb.sql").replace(f"'{file.name}'", f"'{file}'"))
    return sink


def contract(data: Dataset) -> Any:
    return yaml.safe_load(text(f"odcs/{data.topic}.odcs.yaml"))


def broken_rules(data: Dataset, sink: duckdb.DuckDBPyConnection) -> set[str]:
    """The contract's rules that this sink breaks: all that are SQL, uniqueness, and what may not be null."""
    [described] = contract(data)["schema"]
    table, properties = described["name"], described["properties"]
    queries = {
        rule["name"]: rule["query"].replace("${object}", table)
        for part in (described, *properties)
        for rule in part.get("quality", ())
        if rule["type"] == "sql"
    }
    queries |= {
        f"{one['name']}_is_there": f"SELECT count(*) FROM {table} WHERE {one['name']} IS NULL"
        for one in properties
        if one["required"]
    }
    queries |= {
        f"{one['name']}_is_unique": f"SELECT count({one['name']}) - count(DISTINCT {one['name']}) FROM {table}"
        for one in properties
        if one.get("unique")
    }
    return {name for name, query in queries.items() if count(sink, query)}


def count(sink: duckdb.DuckDBPyConnection, query: str) -> int:
    found = sink.execute(query).fetchone()
    assert found is not None
    return int(found[0])


def lines(facts: Iterable[dict[str, Any]]) -> list[str]:
    return [json.dumps(fact) for fact in facts]
