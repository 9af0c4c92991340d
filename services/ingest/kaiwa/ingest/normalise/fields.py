"""Reading Meta's JSON without trusting it: a wrong type in a field costs that field, never the item.

:class:`Fields` hands an object out field by field; what nobody took, or could take, is what decoding dropped.
"""

import json
import re
from typing import Any

import msgspec

from kaiwa.contracts import times

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
"""Ids are opaque, but they become header values and parts of keys."""

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_DEEPEST = 64

_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="sorted").encode


def identifier(value: object) -> str | None:
    """An id as text; Meta writes some as numbers."""
    if isinstance(value, str):
        return value if _IDENTIFIER.fullmatch(value) else None
    return (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**128
        else None
    )


def flag(value: object) -> bool:
    return value in (True, "true", "1")


def mended(body: bytes) -> bytes:
    """The same JSON with each lone surrogate (half of a cut emoji) as U+FFFD: no reader could decode it."""
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def decoded(raw: msgspec.Raw) -> Any:
    """The value of ``raw``; numbers that no machine word or float holds stay text.

    Raises RecursionError.
    """
    try:
        return _decode(raw)
    except msgspec.DecodeError:
        return json.loads(bytes(raw), parse_int=_int_or_text, parse_float=_float_or_text)


def too_deep(raw: bytes) -> bool:
    """Nested so deeply that a reader of the event could fail on it."""
    if raw.count(b"{") + raw.count(b"[") <= _DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            return True
    return False


class Fields:
    """One JSON object, consumed field by field. A null is the same as an absent field."""

    __slots__ = ("_left", "_parts")

    def __init__(self, value: dict[str, Any]) -> None:
        self._left = value  # decoded for us alone
        self._parts: list[Fields] = []

    @property
    def whole(self) -> bool:
        """Everything was taken: nothing of the object is lost."""
        for part in self._parts:
            if not part.whole:
                return False
        return not self._left or all(value is None for value in self._left.values())

    def text(self, name: str) -> str | None:
        return self._left.pop(name) if isinstance(self._left.get(name), str) else None

    def identifier(self, name: str) -> str | None:
        found = identifier(self._left.get(name))
        if found is not None:
            del self._left[name]
        return found

    def party(self, name: str) -> str | None:
        """The id in the object ``name``; an object that says more stays behind."""
        value = self._left.get(name)
        if not isinstance(value, dict):
            return None
        found = identifier(value.get("id"))
        if found is not None and len(value) == 1:
            del self._left[name]
        return found

    def mid(self) -> str | None:
        """A message id: any text but the empty one."""
        return self.text("mid") or None

    def number(self, name: str) -> int | None:
        """A count, as a number or as digits."""
        found = identifier(self._left.get(name))
        if found is None or not found.isdigit():
            return None
        del self._left[name]
        return int(found)

    def flag(self, name: str) -> bool:
        if name not in self._left:
            return False
        value = self._left[name]
        if isinstance(value, bool) or flag(value):
            del self._left[name]
        return flag(value)

    def moment(self, name: str) -> str | None:
        """A time of the platform, as RFC 3339. One that is not written as milliseconds stays behind as it came."""
        value = self._left.get(name)
        found = times.platform_rfc3339(value)
        if found is not None and isinstance(value, int) and value >= times.FIRST_MS:
            del self._left[name]
        return found

    def part(self, name: str) -> "Fields | None":
        """The object in field ``name``; what is left of it is left of this one."""
        value = self._left.get(name)
        if not isinstance(value, dict):
            return None
        del self._left[name]
        self._parts.append(part := Fields(value))
        return part

    def parts(self, name: str) -> "list[Fields]":
        """The objects in the list ``name``; what is no object stays behind."""
        value = self._left.get(name)
        if not isinstance(value, list):
            return []
        found = [Fields(item) for item in value if isinstance(item, dict)]
        self._parts += found
        if len(found) == len(value):
            del self._left[name]
        return found

    def delivered(self, name: str) -> Any:
        """Whatever is there, as Meta wrote it."""
        return self._left.pop(name, None)

    @property
    def fingerprint(self) -> str:
        """The same for the same fields, in whatever order they came; of what is not taken yet."""
        return _canonical(self._left).decode()

    def rest(self) -> dict[str, Any]:
        """Everything not taken so far, as Meta wrote it."""
        rest, self._left = self._left, {}
        return rest


def _int_or_text(digits: str) -> int | str:
    return int(digits) if len(digits) < 19 else digits  # noqa: PLR2004 - 18 digits fit 64 bits


def _float_or_text(literal: str) -> float | str:
    value = float(literal)
    return literal if value in (float("inf"), float("-inf")) else value
