"""Is a schema still the contract that was released? Within v1 only optional fields and new definitions are added.

What a reader or writer of the released schema relies on: every field, its type, whether it is always there, and that
a value it may write is still taken.
"""

from collections.abc import Iterator
from typing import Any

from kaiwa.contracts.schema.shapes import Schema

_PROSE = {"title", "description", "default", "examples", "format", "$schema", "$id", "$defs"}
_DEEPER = {"properties", "required", "enum", "items", "additionalProperties", "anyOf", "allOf", "$ref"}


def breaks(released: Schema, current: Schema) -> list[str]:
    """What breaks the released contract, one line each: where, and what."""
    return [
        *_compared(released, current, "record"),
        *(
            problem
            for name, schema in released.get("$defs", {}).items()
            for problem in _definition(name, schema, current.get("$defs", {}))
        ),
    ]


def _definition(name: str, released: Schema, current: dict[str, Schema]) -> Iterator[str]:
    if name not in current:
        yield f"{name} is gone"
    else:
        yield from _compared(released, current[name], name)


def _compared(released: Any, current: Any, at: str) -> Iterator[str]:
    if not isinstance(released, dict) or not isinstance(current, dict):
        if released != current:
            yield f"{at} changed from {released} to {current}"
        return
    words = (released.keys() | current.keys()) - _PROSE - _DEEPER
    if any(_unordered(released.get(word)) != _unordered(current.get(word)) for word in words):
        yield f"{at} has another type"
    if released.get("$ref") != current.get("$ref"):
        yield f"{at} has another type"
    yield from _fields(released, current, at)
    yield from _values(released, current, at)
    for word in ("items", "additionalProperties"):
        if word in released or word in current:
            yield from _compared(released.get(word, True), current.get(word, True), f"{at}[]")
    if "anyOf" in released or "anyOf" in current:
        yield from _alternatives(released.get("anyOf", ()), current.get("anyOf", ()), at)
    yield from _conditions(released.get("allOf", ()), current.get("allOf", ()), at)


def _fields(released: Schema, current: Schema, at: str) -> Iterator[str]:
    before, now = released.get("properties", {}), current.get("properties", {})
    for name, schema in before.items():
        if name in now:
            yield from _compared(schema, now[name], f"{at}.{name}")
        else:
            yield f"{at}.{name} is gone"
    was_required, is_required = set(released.get("required", ())), set(current.get("required", ()))
    yield from (f"{at}.{name} became required" for name in sorted(is_required - was_required))
    yield from (f"{at}.{name} is no longer always there" for name in sorted(was_required - is_required))


def _values(released: Schema, current: Schema, at: str) -> Iterator[str]:
    """A closed set may grow, never shrink, and never open or close."""
    if ("enum" in released) != ("enum" in current):
        yield f"{at} has another type"
    for value in released.get("enum", ()):
        if value not in current.get("enum", (value,)):
            yield f"{at} no longer takes {value}"


def _alternatives(released: Any, current: Any, at: str) -> Iterator[str]:
    before, now = _by_shape(released), _by_shape(current)
    if before.keys() != now.keys():
        yield f"{at} has another type"
        return
    for shape, schema in before.items():
        yield from _compared(schema, now[shape], at)


def _by_shape(alternatives: Any) -> dict[str, Schema]:
    return {str(one.get("$ref") or one.get("type") or sorted(one)): one for one in alternatives}


def _conditions(released: Any, current: Any, at: str) -> Iterator[str]:
    """``data`` by ``kind``, see :mod:`kaiwa.contracts.schema.shapes`. A new kind breaks nobody: readers skip it."""
    before, now = _by_kind(released), _by_kind(current)
    for kind, then in before.items():
        if kind in now:
            yield from _compared(then, now[kind], f"{at} of {kind}")
        else:
            yield f"{at} of {kind} no longer says what it holds"


def _by_kind(conditions: Any) -> dict[str, Schema]:
    return {one["if"]["properties"]["kind"]["const"]: one["then"] for one in conditions}


def _unordered(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value
