"""What the ledger says: that something happened, when, and a commitment to whom it concerned.

The commitment is ``SHA-256(nonce ‖ subject)``. With the nonce, which the case keeps, it opens; once the case and
its nonce are gone nobody can tell what it was about, not even by trying every message there is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fact(StrEnum):
    """What can be entered about a case."""

    RECEIVED = "erasure.received"
    """The duty was noticed and recorded."""
    TOMBSTONED = "erasure.tombstoned"
    """Kafka acknowledged a tombstone for every record known to carry it."""
    FOUND = "erasure.found"
    """A reading of the log after the bound still found it; the tombstones are written again."""
    VERIFIED = "erasure.verified"
    """A reading of the log from its beginning found nothing."""
    VERIFIED_AGAIN = "erasure.verified_again"
    """What came again after that was tombstoned again, and another reading found nothing of it."""
    CLOSED = "erasure.closed"
    """Every holder gave its receipt; the ids were replaced by hashes."""


KEY_CHANGED = "ledger.key_changed"
"""From the checkpoint over this entry on another key signs; the commitment is to the new public key, without a nonce."""


def subject(kind: str, *parts: str) -> str:
    """What a commitment is made to: the kind of the entry, and who or what it concerns, by hashes."""
    return "\n".join((kind, *parts))


def commit(nonce: bytes, committed: str) -> bytes:
    return hashlib.sha256(nonce + committed.encode()).digest()


def commitment(nonce: bytes, fact: Fact, erasure_id: str, account_hash: str, mid_hash: str) -> bytes:
    return commit(nonce, subject(fact, erasure_id, account_hash, mid_hash))


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; its leaf covers all of it."""

    kind: str
    recorded_at: datetime
    commitment: bytes

    @property
    def leaf(self) -> bytes:
        return leaf_of(self.kind, self.moment, self.commitment)

    @property
    def moment(self) -> str:
        """To the microsecond, as the leaf covers it."""
        return self.recorded_at.isoformat(timespec="microseconds")


def leaf_of(kind: str, moment: str, committed: bytes) -> bytes:
    """Its hash in the tree (RFC 9162, 2.1.1), in one call: a long ledger has millions of them to check."""
    return hashlib.sha256(f"\0{kind}\n{moment}\n{committed.hex()}\n".encode()).digest()
