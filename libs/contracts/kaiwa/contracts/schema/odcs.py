"""A data set as a contract of the Open Data Contract Standard 3.1: schema, quality, service levels, roles.

Its rules can be run: every ``sql`` rule counts what breaks it. A test runs them on a sink.
"""

from string import Template
from typing import Any

from kaiwa.contracts import topics
from kaiwa.contracts.schema.catalogue import channel
from kaiwa.contracts.schema.datasets import Column, Dataset
from kaiwa.contracts.schema.shapes import Schema, document

Contract = dict[str, Any]

CE_ID = "ce_id"
_COUNT = Template("SELECT count(*) FROM $${object} WHERE $broken")
_DAY_MS = 86_400_000
_READER = "analytics-reader"


def contract(data: Dataset) -> Contract:
    """The contract of one topic."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:kaiwa:{data.topic}",
        "name": data.title,
        "version": "1.0.0",
        "status": "active",
        "domain": "instagram-messaging",
        "dataProduct": "kaiwa",
        "description": {"purpose": data.purpose, "usage": data.usage, "limitations": data.limitations},
        "schema": [_object(data)],
        "slaProperties": _service(data),
        "roles": _roles(data),
        "customProperties": [
            {"property": "partitionKey", "value": _key(data)},
            {"property": "format", "value": "JSON, CloudEvents 1.0 in binary mode"},
            {"property": "jsonSchema", "value": f"../schemas/{data.record.__name__}.json"},
        ],
    }


def fields(data: Dataset) -> dict[str, Schema]:
    """The JSON Schema of each column. Raises ValueError where the words and the record differ."""
    properties: dict[str, Schema] = document(data.record)["properties"]
    if set(properties) != set(data.columns):
        names = ", ".join(sorted(set(properties) ^ set(data.columns)))
        raise ValueError(f"columns of {data.topic} and fields of {data.record.__name__} differ: {names}")
    return properties


def _object(data: Dataset) -> Contract:
    return {
        "name": data.name,
        "physicalName": data.topic,
        "physicalType": "topic",
        "logicalType": "object",
        "description": data.title,
        "dataGranularityDescription": data.granularity,
        "properties": [
            _identity(),
            *(_property(name, schema, data.columns[name]) for name, schema in fields(data).items()),
        ],
        "quality": [_rule(check.name, check.about, check.query, check.dimension) for check in data.checks],
    }


def _identity() -> Contract:
    return {
        "name": CE_ID,
        "physicalType": "header",
        "logicalType": "string",
        "description": "The record's header: a repeated record has the same. A sink keeps one of each.",
        "primaryKey": True,
        "primaryKeyPosition": 1,
        "required": True,
        "unique": True,
        "quality": [
            {
                "name": "ce_id_is_unique",
                "description": "In a sink; the topic repeats what it delivers at least once.",
                "type": "library",
                "metric": "duplicateValues",
                "mustBe": 0,
                "unit": "rows",
                "dimension": "uniqueness",
                "severity": "error",
            }
        ],
    }


def nullable(schema: Schema) -> bool:
    return "null" in schema.get("type", ()) or {"type": "null"} in schema.get("anyOf", ())


def closed(schema: Schema) -> list[str]:
    """The words of a closed set, null aside; none where any value may stand."""
    return [word for one in (schema, *schema.get("anyOf", ())) for word in one.get("enum", ())]


def logical(schema: Schema) -> str:
    """A column's type in JSON's words, null aside; a closed set is of texts."""
    types = schema.get("type", "string")
    return next(one for one in types if one != "null") if isinstance(types, list) else str(types)


def _property(name: str, schema: Schema, column: Column) -> Contract:
    kind = logical(schema)
    pattern = {"pattern": f"^{column.pattern}$"} if column.pattern else {}
    minimum = {} if column.least is None else {"minimum": column.least}
    optional = {"logicalTypeOptions": pattern | minimum, "quality": _rules(name, schema, column)}
    return {
        "name": name,
        "physicalType": f"JSON {kind}",
        "logicalType": "timestamp" if schema.get("format") == "date-time" else kind,
        "description": column.about,
        "required": not nullable(schema),
        "classification": "pseudonymous" if column.pattern else "not personal",
        **{word: value for word, value in optional.items() if value},
    }


def _rules(name: str, schema: Schema, column: Column) -> list[Contract]:
    rules = []
    if words := closed(schema):
        values = ", ".join(f"'{word}'" for word in words)
        rules.append((f"{name}_is_known", "The set is closed.", f"{name} NOT IN ({values})"))
    if column.pattern:
        rules.append(
            (f"{name}_is_a_pseudonym", "Nobody's id.", f"NOT regexp_full_match({name}, '{column.pattern}')")
        )
    if column.least is not None:
        rules.append((f"{name}_is_a_count", "It is measured.", f"{name} < {column.least}"))
    return [
        _rule(rule, about, _COUNT.substitute(broken=broken), "conformity") for rule, about, broken in rules
    ]


def _rule(name: str, about: str, query: str, dimension: str) -> Contract:
    return {
        "name": name,
        "description": about,
        "type": "sql",
        "query": query,
        "mustBe": 0,
        "unit": "rows",
        "dimension": dimension,
        "severity": "error",
    }


def _service(data: Dataset) -> list[Contract]:
    topic = next(one for one in topics.TABLE if one.name == data.topic)
    days = (topic.retention_ms or 0) // _DAY_MS
    return [
        {
            "property": "latency",
            "value": data.latency_seconds,
            "unit": "s",
            "element": f"{data.name}.{CE_ID}",
            "driver": "analytics",
            "description": "From what happened to its record, while Kafka answers; nothing waits for analytics.",
        },
        {
            "property": "retention",
            "value": days,
            "unit": "d",
            "element": data.name,
            "driver": "regulatory",
            "description": "Kafka deletes what is older.",
        },
        {
            "property": "frequency",
            "value": "continuous",
            "element": data.name,
            "driver": "analytics",
            "description": "Record by record. Optional fields and new words of open sets may come within v1.",
        },
    ]


def _roles(data: Dataset) -> list[Contract]:
    return [
        {
            "role": _READER,
            "access": "read",
            "description": f"READ and DESCRIBE on topic {data.topic}, READ on its own consumer groups.",
        },
        {
            "role": data.writer,
            "access": "write",
            "description": f"WRITE and DESCRIBE on topic {data.topic}; no other program writes there.",
        },
    ]


def _key(data: Dataset) -> str:
    one = channel(data.topic)
    return "" if one is None else one.key.replace("`", "")
