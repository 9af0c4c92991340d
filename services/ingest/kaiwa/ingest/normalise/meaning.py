"""What one item of Meta's turned out to be: the vocabulary between the shapes and the envelope."""

from typing import NamedTuple

import msgspec

from kaiwa.contracts.events import Kind


class Meaning(NamedTuple):
    """``identity`` is the platform's own name for the event (platform.md 1.5): a redelivery has the same."""

    kind: Kind
    identity: tuple[str, ...]
    data: msgspec.Struct | None
    """None where nothing was understood."""


class Sighting(NamedTuple):
    """An item, as far as it could be read; without a meaning it is kept as ``unknown``."""

    meaning: Meaning | None
    customer_id: str | None
    occurred_at: str | None
    whole: bool
    """Nothing of the item is lost in ``meaning``."""


UNREADABLE = Sighting(None, None, None, whole=False)
