"""Orders to delete, and the holders' receipts: ``instagram.erasures.v1``, ``instagram.erasure-receipts.v1``."""

from typing import Literal

import msgspec

Scope = Literal["message", "customer", "account"]


class Erasure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order to every holder of data. Closing overwrites it with keyed hashes in place of the ids."""

    erasure_id: str
    scope: Scope
    account_id: str | None = None
    customer_id: str | None = None
    mids: tuple[str, ...] = ()
    cutoff: str
    reason: str
    due_at: str
    state: Literal["open", "closed"] = "open"
    account_hash: str | None = None
    customer_hash: str | None = None
    mid_hashes: tuple[str, ...] = ()
    held: bool = False
    """A deauthorisation whose erasure a legal hold refused: nothing is deleted and nobody owes a receipt, so it is closed
    from the start. Whoever keeps tokens of the account forgets them.
    """


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A holder's word that it deleted ``count`` things, had none, or failed."""

    erasure_id: str
    holder: str
    status: Literal["done", "nothing_found", "failed"]
    count: int = 0
    at: str

    @property
    def key(self) -> bytes:
        return f"{self.erasure_id}:{self.holder}".encode()


class Succession(msgspec.Struct, frozen=True):
    r"""The last word of a signing key: it names the one that signs from here on, and both agree.

    Public keys and signatures in base64; both signatures are over
    ``kaiwa-ledger-key/1\\n{tree_size}\\n{root}\\n{introduces}\\n`` of the checkpoint that carries it.
    """

    retires: str
    introduces: str
    signature: str
    """Of the key that retires."""
    countersignature: str
    """Of the key that takes over."""


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    r"""A signed head of the ledger (RFC 9162): ``root`` and ``signature`` in base64, Ed25519.

    The signature is over ``kaiwa-ledger/1\\n{tree_size}\\n{root}\\n{signed_at}\\n``.
    """

    tree_size: int
    root: str
    signed_at: str
    key_id: str
    signature: str
    succession: Succession | None = None
    """Only where the signing key changes."""


_erasure = msgspec.json.Decoder(Erasure)
_receipt = msgspec.json.Decoder(Receipt)
_checkpoint = msgspec.json.Decoder(Checkpoint)
encode = msgspec.json.Encoder().encode


def decode_erasure(value: bytes) -> Erasure:
    """Raises msgspec.DecodeError, as do its neighbours."""
    return _erasure.decode(value)


def decode_receipt(value: bytes) -> Receipt:
    return _receipt.decode(value)


def decode_checkpoint(value: bytes) -> Checkpoint:
    return _checkpoint.decode(value)
