"""Example sinks of a data set, in SQL: DuckDB over an exported file, and ClickHouse's tables.

Both keep one row per ``ce_id``, and end with a view that may leave the data team.
"""

from collections.abc import Iterable
from string import Template

from kaiwa.contracts.schema.datasets import Dataset
from kaiwa.contracts.schema.odcs import CE_ID, fields, logical, nullable
from kaiwa.contracts.schema.shapes import Schema

_NOTE = "-- Written by `kaiwa contracts write`; change the data set in the code instead."
_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
_CLICKHOUSE_TYPES = {"string": "String", "integer": "Int64", "number": "Float64", "boolean": "Bool"}
_MOMENT = "DateTime64(3, 'UTC')"

_DUCKDB = Template("""\
$note
-- python export.py $topic > $name.jsonl && duckdb $name.duckdb < $topic.duckdb.sql

CREATE OR REPLACE TABLE $name AS
SELECT * FROM read_json(
    '$name.jsonl', format = 'newline_delimited', columns = {
        $columns
    }
)
QUALIFY row_number() OVER (PARTITION BY $ce_id) = 1;

CREATE OR REPLACE VIEW ${name}_summary AS
$summary;
""")

_CLICKHOUSE = Template("""\
$note
-- Replace kafka:9092. A repeated record ends as one row: merges keep one per $ce_id, FINAL sees it at once.

CREATE TABLE $name
(
    $columns
)
ENGINE = ReplacingMergeTree
ORDER BY $ce_id;

CREATE TABLE ${name}_queue
(
    $queued
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka:9092',
    kafka_topic_list = '$topic',
    kafka_group_name = 'clickhouse-$name',
    kafka_format = 'JSONEachRow',
    input_format_skip_unknown_fields = 1;

CREATE MATERIALIZED VIEW ${name}_intake TO $name AS
SELECT
    _headers.value[indexOf(_headers.name, '$ce_id')] AS $ce_id,
    $taken
FROM ${name}_queue;

CREATE VIEW ${name}_summary AS
$summary;
""")


def duckdb(data: Dataset) -> str:
    """Reads ``<table>.jsonl``, which `export.py` beside the contracts writes."""
    columns = {CE_ID: "VARCHAR"} | {name: _duckdb(schema) for name, schema in fields(data).items()}
    types = ",\n        ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    return _DUCKDB.substitute(_names(data), columns=types, summary=_summary(data, data.name))


def clickhouse(data: Dataset) -> str:
    """A Kafka engine table, the table, and the view between them."""
    columns = {name: _clickhouse(schema, few=data.columns[name].few) for name, schema in fields(data).items()}
    return _CLICKHOUSE.substitute(
        _names(data),
        columns=_listed(f"{name} {kind}" for name, kind in [(CE_ID, "String"), *columns.items()]),
        queued=_listed(f"{name} {kind.replace(_MOMENT, 'String')}" for name, kind in columns.items()),
        taken=_listed(_parsed(name, kind) for name, kind in columns.items()),
        summary=_summary(data, f"{data.name} FINAL"),
    )


def _names(data: Dataset) -> dict[str, str]:
    return {"note": _NOTE, "topic": data.topic, "name": data.name, "ce_id": CE_ID}


def _listed(lines: Iterable[str]) -> str:
    return ",\n    ".join(lines)


def _summary(data: Dataset, table: str) -> str:
    return data.summary.replace("${object}", table)


def _duckdb(schema: Schema) -> str:
    return "TIMESTAMPTZ" if schema.get("format") == "date-time" else _TYPES.get(logical(schema), "JSON")


def _clickhouse(schema: Schema, *, few: bool) -> str:
    is_moment = schema.get("format") == "date-time"
    kind = _MOMENT if is_moment else _CLICKHOUSE_TYPES[logical(schema)]
    if nullable(schema):
        return f"Nullable({kind})"
    return f"LowCardinality({kind})" if few else kind


def _parsed(name: str, kind: str) -> str:
    """In the queue a time is the text that it is in JSON."""
    if _MOMENT not in kind:
        return name
    parse = "parseDateTime64BestEffort" + ("OrNull" if kind != _MOMENT else "")
    return f"{parse}({name}, 3, 'UTC') AS {name}"
