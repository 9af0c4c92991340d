"""What the ledger says of an erasure: that something happened, when, and a commitment to whom it concerned.

The commitment is ``SHA-256(nonce ‖ subject)``. With the nonce, which the case keeps, it opens; once the case and
its nonce are gone nobody can tell what it was about, not even by trying every message there is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kaiwa.compliance.core import merkle


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
    CLOSED = "erasure.closed"
    """Every holder gave its receipt; the ids were replaced by hashes."""


def commitment(nonce: bytes, fact: Fact, erasure_id: str, account_hash: str, mid_hash: str) -> bytes:
    subject = f"{fact}\n{erasure_id}\n{account_hash}\n{mid_hash}".encode()
    return hashlib.sha256(nonce + subject).digest()


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; its leaf covers all of it."""

    kind: str
    recorded_at: datetime
    commitment: bytes

    @property
    def leaf(self) -> bytes:
        moment = self.recorded_at.isoformat(timespec="microseconds")
        return merkle.leaf(f"{self.kind}\n{moment}\n{self.commitment.hex()}\n".encode())
