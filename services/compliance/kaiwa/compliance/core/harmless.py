"""Whether a record of analytics holds personal data: what it may hold is listed, and anything else is an objection.

A pseudonym and an opaque id are 26 characters of base32, a code is a short word, a time is one of hours, and the rest
are numbers. Ids of Meta are long digits, mids are longer still, and text has spaces: none of them passes. A single
word does, a username too: which words there are is the contracts' to say, and their tests'.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

_PSEUDONYM: Final = re.compile(r"[A-Z2-7]{26}")
_WORD: Final = re.compile(r"/?[A-Za-z][A-Za-z_./+-]{0,63}(?:[.-]?v?[0-9]{1,3})?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]+)?")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00))?")
_TRACE: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LARGEST: Final = 10**13  # a time in ms; the platform's ids are longer


def objection(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> str | None:
    """What is wrong with the record, without repeating it; None where nothing is."""
    if value is None:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return "is no JSON"
    if not isinstance(found, dict):
        return "is no object"
    if key and not _harmless(key.decode("utf-8", "replace")):
        return "has a key that is no pseudonym"
    for name, header in headers:
        if not _harmless(header.decode("utf-8", "replace")):
            return f"has a header {name} that may name somebody"
    return next(
        (f"has a field {name} that may name somebody" for name, each in _leaves(found) if not _passes(each)),
        None,
    )


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for inner, each in value.items():
                yield from _leaves(each, f"{name}.{inner}".lstrip("."))
        case list():
            for each in value:
                yield from _leaves(each, name)
        case _:
            yield name, value


def _passes(value: Any) -> bool:
    match value:
        case None | bool():
            return True
        case int() | float():
            return abs(value) < _LARGEST
        case str():
            return value == "" or _harmless(value)
        case _:
            return False


def _harmless(text: str) -> bool:
    return any(shape.fullmatch(text) for shape in (_PSEUDONYM, _WORD, _NUMBER, _TIME, _TRACE))
