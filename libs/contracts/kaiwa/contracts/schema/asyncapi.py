"""All topics as one AsyncAPI 3.0 document, seen from Kaiwa: it sends what you read, and receives what you write."""

from collections.abc import Iterable, Mapping
from typing import Any

from kaiwa.contracts import quarantine
from kaiwa.contracts.events import DATA, Event
from kaiwa.contracts.schema.catalogue import CHANNELS, QUARANTINE_ALWAYS, QUARANTINE_HEADERS, Channel, channel
from kaiwa.contracts.schema.example import Example
from kaiwa.contracts.schema.shapes import Schema, components
from kaiwa.contracts.topics import DEFAULT_BOUND, TABLE, Topic, settings

_BINDING = "0.5.0"
_IN_SYNC = 2  # of three replicas, as `kaiwa topics apply` makes them without --dev
_TEXT: Schema = {"type": "string"}
_SCHEMAS = "#/components/schemas/"


def document(examples: Iterable[Example]) -> dict[str, Any]:
    """The document; ``examples`` are shown with the message that each of them is."""
    shown = _by_message(examples)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kaiwa",
            "version": "1.0.0",
            "description": "Instagram conversations on Kafka. Start with README.md beside this file.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TABLE},
        "operations": {
            operation: _operation(one, action) for one in CHANNELS for operation, action in _actions(one)
        },
        "components": {
            "schemas": _schemas(),
            "messages": {
                name: _message(one, kind, shown.get(name))
                for one in CHANNELS
                for name, kind in _names(one).items()
            },
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    one = channel(topic.name)
    chosen = settings(topic, bound=DEFAULT_BOUND, min_insync=_IN_SYNC)
    configuration: dict[str, Any] = {name: _number(value) for name, value in chosen.items()}
    configuration["cleanup.policy"] = topic.cleanup.split(",")
    kafka: dict[str, Any] = {
        "topic": topic.name,
        "replicas": 3,
        "topicConfiguration": configuration,
        "bindingVersion": _BINDING,
    }
    if topic.partitions is not None:
        kafka["partitions"] = topic.partitions
    described: dict[str, Any] = {"address": topic.name, "bindings": {"kafka": kafka}}
    if one is None:
        return described | {"description": "Set up, and not written yet."}
    content = "Holds what people wrote." if topic.content else "Holds no content."
    return described | {
        "title": one.about,
        "description": f"{content} Key: {one.key}. Partition: {one.partition}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(one)},
    }


def _actions(one: Channel) -> list[tuple[str, str]]:
    """Receipts are written by others and by Kaiwa itself."""
    sent = [(f"send.{one.topic}", "send")] if one.writer != "you" else []
    return [*sent, *([(f"receive.{one.topic}", "receive")] if one.taken else [])]


def _operation(one: Channel, action: str) -> dict[str, Any]:
    people = f"Read by {one.readers}." if action == "send" else f"Written by {one.writer}."
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{one.topic}"},
        "summary": people.replace("`", ""),
    }


def _names(one: Channel) -> dict[str, str | None]:
    """The messages of a topic: one per kind of an event, else one."""
    if one.record is Event:
        return {kind: kind for kind in one.kinds}
    return {"Quarantined" if one.record is None else one.record.__name__: None}


def _message(one: Channel, kind: str | None, example: dict[str, Any] | None) -> dict[str, Any]:
    kinds = one.kinds if kind is None else (kind,)
    message: dict[str, Any] = {
        "title": one.about if kind is None else kind,
        "headers": _headers(one, kinds),
        "bindings": {"kafka": {"key": {**_TEXT, "description": one.key}, "bindingVersion": _BINDING}},
    }
    if one.record is None:
        return message | {
            "contentType": "application/octet-stream",
            "payload": {"description": "The bytes as they came."},
        }
    message["payload"] = _payload(one.record.__name__, kind)
    return message if example is None else message | {"examples": [example]}


def _payload(record: str, kind: str | None) -> Schema:
    envelope = {"$ref": f"{_SCHEMAS}{record}"}
    if kind is None:
        return envelope
    known: Schema = {"kind": {"const": kind}}
    if kind in DATA:
        known["data"] = {"$ref": f"{_SCHEMAS}{record}.{DATA[kind].__name__}"}
    return {"allOf": [envelope, {"type": "object", "properties": known}]}


def _headers(one: Channel, kinds: tuple[str, ...]) -> Schema:
    if one.headers == "quarantine":
        known: dict[str, Schema] = {
            name: {**_TEXT, "description": about} for name, about in QUARANTINE_HEADERS.items()
        }
        known[quarantine.REASON]["enum"] = [cause.value for cause in quarantine.Cause]
        return {"type": "object", "properties": known, "required": list(QUARANTINE_ALWAYS)}
    kind_of: Schema = {"enum": [f"instagram.{kind}.v1" for kind in kinds]} if kinds else _TEXT
    properties: dict[str, Schema] = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _TEXT,
        "ce_source": _TEXT,
        "ce_type": kind_of,
        "ce_time": {**_TEXT, "format": "date-time"},
        "content-type": {"const": "application/json"},
        "traceparent": _TEXT,
    }
    described: Schema = {"type": "object", "properties": properties}
    if one.headers == "cloudevents":
        described["required"] = [name for name in properties if name != "traceparent"]
    return described


def _schemas() -> dict[str, Schema]:
    """Every record under its name, and what it refers to under ``Record.Name``: two records may have a Message each."""
    found: dict[str, Schema] = {}
    for record in dict.fromkeys(one.record for one in CHANNELS if one.record is not None):
        for name, schema in components(record, f"{_SCHEMAS}{record.__name__}.{{name}}").items():
            own = name == record.__name__
            found[name if own else f"{record.__name__}.{name}"] = schema
    return found


def _by_message(examples: Iterable[Example]) -> Mapping[str, dict[str, Any]]:
    """The first example of each message."""
    found: dict[str, dict[str, Any]] = {}
    for example in examples:
        one = channel(example.topic)
        if one is not None and one.record is not None:
            name = example.kind if one.record is Event else one.record.__name__
            found.setdefault(name, {"headers": dict(example.headers), "payload": example.payload})
    return found


def _number(value: str) -> Any:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() else value
