"""The pages that people read, in Markdown: one per kind of event, and the catalogue of reasons."""

import json
from collections.abc import Iterable
from typing import Any

from kaiwa.contracts.events import DATA, Kind
from kaiwa.contracts.quarantine import Cause
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.schema.example import Example, Note
from kaiwa.contracts.schema.shapes import Schema

GENERATED = "<!-- Written by `kaiwa contracts write`; change the code or kinds.toml instead. -->"

_CAUSES = {
    Cause.NOT_JSON: "A signed body that is no JSON.",
    Cause.WRONG_SHAPE: "JSON, but not a notification, a record or a request that we know.",
    Cause.FOREIGN_ACCOUNT: "One app's secret vouched for another app's account.",
    Cause.TOO_LARGE: "The event would exceed the record size; the value is the item as Meta delivered it.",
}


def pretty(value: Any) -> str:
    """JSON for people, and the same at every run."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def kind_page(kind: Kind, note: Note, schemas: dict[str, Schema]) -> str:
    """``schemas`` are those of the event, by name."""
    shape = DATA.get(kind)
    data = (
        "No fixed shape: what there is, in Meta's own words. Where that is not all of the item, `raw` has all of it."
        if shape is None
        else _fields(shape.__name__, schemas, seen=set())
    )
    return "\n\n".join(
        [
            GENERATED,
            f"# {kind.value}",
            note.means,
            "## `data`",
            data,
            "## What an inbox needs",
            _points(note.inbox),
            "## Limits",
            _points(note.limits),
            "## What Meta sends",
            note.meta,
            *(_block("json", pretty(delivered)) for delivered in note.delivered),
            "## What you read",
            *(_block("json", pretty(example.payload)) for example in note.happened),
            "[All kinds and topics](../README.md)\n",
        ]
    )


def record_page(name: str, schemas: dict[str, Schema], examples: Iterable[Example]) -> str:
    """A record that is no event: its fields and an example."""
    return "\n\n".join(
        [
            GENERATED,
            f"# {name}",
            _fields(name, schemas, seen=set()),
            "## Example",
            *(_block("json", pretty(example.payload)) for example in examples),
            "[All kinds and topics](../README.md)\n",
        ]
    )


def reasons_page() -> str:
    """The catalogue of reasons and of causes for quarantine."""
    return "\n\n".join(
        [
            GENERATED,
            "# Reasons",
            (
                "The codes in `reason` of `instagram.outcomes.v1`, and what to do. A newer version may add codes: treat one that "
                "you do not know by its outcome's `state`."
            ),
            table(("reason", "what to do"), ((f"`{reason}`", reason.advice) for reason in Reason)),
            "## Causes of quarantine",
            "The codes in the header `kaiwa_reason` of `instagram.quarantine.v1`.",
            table(("cause", "what it means"), ((f"`{cause}`", _CAUSES[cause]) for cause in Cause)),
            "[All kinds and topics](README.md)\n",
        ]
    )


def _fields(name: str, schemas: dict[str, Schema], *, seen: set[str]) -> str:
    """A table of the fields, then one for each object in them that was not shown yet."""
    seen.add(name)
    schema = schemas[name]
    required = schema.get("required", ())
    rows = [
        (f"`{field}`", f"{_type(inner)} or null" if _nullable(inner) else _type(inner), "always")
        if field in required
        else (f"`{field}`", _type(inner), "")
        for field, inner in schema.get("properties", {}).items()
    ]
    parts = [schema.get("description", ""), table(("field", "type", "there"), rows)]
    for inner in schema.get("properties", {}).values():
        for further in _referred(inner):
            if further not in seen:
                parts += [f"### {further}", _fields(further, schemas, seen=seen)]
    return "\n\n".join(part for part in parts if part)


def _type(schema: Schema) -> str:
    """A field's type in words, without null: an absent field and a null one mean the same."""
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(words for one in schema["anyOf"] if (words := _type(one)) != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    return "time (RFC 3339)" if schema.get("format") == "date-time" else str(kind)


def _nullable(schema: Schema) -> bool:
    return isinstance(schema.get("type"), list) or {"type": "null"} in schema.get("anyOf", ())


def _referred(schema: Schema) -> list[str]:
    inner = [schema, schema.get("items", {}), *schema.get("anyOf", ())]
    return [_name(one["$ref"]) for one in inner if isinstance(one, dict) and "$ref" in one]


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _points(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
