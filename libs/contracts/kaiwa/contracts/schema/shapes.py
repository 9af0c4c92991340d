"""JSON Schema (2020-12) of our records, made from the structs that encode and decode them.

Only words that draft-07 has as well are used, so that AsyncAPI's own schema format can hold them.
"""

import re
from typing import Any

import msgspec

from kaiwa.contracts.events import DATA, Event, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SOURCE = re.compile(r" \((?:source: )?platform\.md [^)]*\)")
"""What a docstring cites for us: no reader outside has it."""

_MOMENTS = ("at", "cutoff", "hour", "not_before")
"""Fields that hold a time, beside those whose names end in ``_at``."""


def document(record: type[msgspec.Struct]) -> Schema:
    """The schema of a record's value as a document of its own."""
    schemas = components(record, "#/$defs/{name}")
    name = record.__name__
    head = {"$schema": DIALECT, "$id": f"urn:kaiwa:v1:{name}", **schemas.pop(name)}
    return head | ({"$defs": schemas} if schemas else {})


def components(record: type[msgspec.Struct], ref_template: str) -> dict[str, Schema]:
    """The record's schema and all that it refers to, by name; an event also names the ``data`` of each kind."""
    types = [_plain(record), *(dict.fromkeys(DATA.values()) if record is Event else ())]
    _, found = msgspec.json.schema_components(types, ref_template=ref_template)
    schemas = {name: _tidy(schema) for name, schema in sorted(found.items())}
    if record is Event:
        schemas["Event"] |= _by_kind(ref_template)
    return schemas


def _by_kind(ref_template: str) -> Schema:
    """``kind`` is open: a kind that is not listed says nothing about ``data``."""
    return {
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind.value}}},
                "then": {"properties": {"data": {"$ref": ref_template.format(name=DATA[kind].__name__)}}},
            }
            for kind in Kind
            if kind in DATA
        ]
    }


def _plain(record: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same record with any JSON where the struct keeps bytes undecoded: msgspec has no schema for those."""
    fields = msgspec.structs.fields(record)
    if not any(field.type is msgspec.Raw for field in fields):
        return record
    return msgspec.defstruct(
        record.__name__,
        [
            (
                field.name,
                Any if field.type is msgspec.Raw else field.type,
                *(() if field.required else (None,)),
            )
            for field in fields
        ],
        namespace={"__doc__": record.__doc__},
        kw_only=True,
    )


def _tidy(schema: Schema, field: str = "") -> Schema:
    """Without what says nothing (a default of null), and with ``format`` where a field is a time."""
    tidied = {word: value for word, value in schema.items() if (word, value) != ("default", None)}
    if "description" in tidied:
        tidied["description"] = _SOURCE.sub("", " ".join(tidied["description"].replace("``", "`").split()))
    if "properties" in tidied:
        tidied["properties"] = {name: _tidy(inner, name) for name, inner in tidied["properties"].items()}
    if "items" in tidied:
        tidied["items"] = _tidy(tidied["items"])
    alternatives = tidied.get("anyOf", ())
    if alternatives and all(set(one) == {"type"} for one in alternatives):
        del tidied["anyOf"]
        tidied["type"] = [one["type"] for one in alternatives]
    if field.endswith("_at") or field in _MOMENTS:
        tidied["format"] = "date-time"
    return tidied
