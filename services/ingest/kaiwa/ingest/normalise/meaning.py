"""What one item of Meta's turned out to be: the vocabulary between the shapes and the envelope.

They are structs of msgspec because every event makes one of each: a named tuple takes twice as long.
"""

from typing import Any

import msgspec

from kaiwa.contracts.events import Kind


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """``data`` is a struct of the contract, or an object as Meta delivered it."""

    kind: Kind
    identity: tuple[str, ...]
    """The platform's own name for the event (platform.md 1.5), which a redelivery has too; empty where it has none:
    then the whole item is its name.
    """
    data: msgspec.Struct | dict[str, Any]


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """An item, as far as it could be read; without a meaning it is kept as ``unknown``."""

    meaning: Meaning | None
    customer_id: str | None
    occurred_at: str | None
    whole: bool
    """Nothing of the item is lost in ``meaning``."""


UNREADABLE = Sighting(None, None, None, whole=False)
