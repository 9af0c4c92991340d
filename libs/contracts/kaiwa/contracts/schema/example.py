"""One record as a reader meets it, to be shown in the published contracts."""

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True)
class Example:
    """``kind`` is the event's, or what ``ce_type`` says of another record; empty where headers are optional."""

    topic: str
    kind: str
    key: str
    headers: tuple[tuple[str, str], ...]
    value: bytes

    @property
    def payload(self) -> Any:
        return msgspec.json.decode(self.value)


@dataclass(frozen=True)
class Note:
    """What people are told about a kind of event, and what Meta delivers for it."""

    means: str
    meta: str
    inbox: tuple[str, ...]
    limits: tuple[str, ...]
    delivered: tuple[Any, ...]
    """Each is the element of a notification's ``entry``, or a decoded ``signed_request``."""
    happened: tuple[Example, ...]
    """What ingest makes of ``delivered``."""
