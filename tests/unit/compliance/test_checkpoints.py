"""The ledger's check: every way to alter it is found, and the first place is named."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaiwa.compliance.core.checkpoints import (
    Check,
    Tampered,
    Witness,
    genuine,
    public_keys,
    sign,
    signing_key,
)
from kaiwa.compliance.core.entries import Entry, Fact, commitment
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.contracts.erasures import Checkpoint

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY, OLD_KEY, STRANGER = (signing_key(bytes([number]) * 32) for number in range(3))
KEYS = public_keys([KEY, OLD_KEY])

Sealed = tuple[int, Entry, bytes]


def sealed(count: int) -> list[Sealed]:
    made = [Entry("erasure.received", NOON + timedelta(seconds=n), bytes([n]) * 32) for n in range(count)]
    return [(number, entry, entry.leaf) for number, entry in enumerate(made)]


def head(rows: Sequence[Sealed], key: Ed25519PrivateKey = KEY) -> Checkpoint:
    return sign(key, Frontier().extended([leaf for *_, leaf in rows]), NOON)


ROWS = sealed(7)
WITNESSES = [
    Witness("topic", head(ROWS[:3], OLD_KEY)),
    Witness("database", head(ROWS[:3])),
    Witness("file", head(ROWS)),
]


def check(rows: Sequence[Sealed], witnesses: Sequence[Witness] = WITNESSES) -> int:
    run = Check(witnesses, KEYS)
    for row in rows:
        run.entry(*row)
    run.end()
    return run.tree.size


def test_what_was_signed_passes() -> None:
    assert check(ROWS) == 7
    assert check([], []) == 0


def altered(row: Sealed, *, leaf_too: bool) -> Sealed:
    number, entry, leaf = row
    other = replace(entry, commitment=b"\xff" * 32)
    return number, other, other.leaf if leaf_too else leaf


ALTERATIONS: dict[str, tuple[Callable[[], Sequence[Sealed]], str]] = {
    "an entry": (
        lambda: [*ROWS[:4], altered(ROWS[4], leaf_too=False), *ROWS[5:]],
        "entry 4 is not what was sealed",
    ),
    "an entry and its leaf": (
        lambda: [*ROWS[:4], altered(ROWS[4], leaf_too=True), *ROWS[5:]],
        "entries 3 to 6 are not those of the checkpoint of 7 entries in the file",
    ),
    "an early entry and its leaf": (
        lambda: [altered(ROWS[0], leaf_too=True), *ROWS[1:]],
        "entries 0 to 2 are not those of the checkpoint of 3 entries in the topic",
    ),
    "one removed": (lambda: [*ROWS[:2], *ROWS[3:]], "entry 2 is missing: the next one is 3"),
    "the last ones removed": (
        lambda: ROWS[:5],
        "entry 5 is missing: the checkpoint in the file has 7 entries",
    ),
    "all removed": (list, "entry 0 is missing: the checkpoint in the file has 7 entries"),
    "one put in": (lambda: [*ROWS, sealed(8)[7]], "entry 7 is sealed, but no checkpoint covers it"),
    "one twice": (lambda: [*ROWS[:2], *ROWS[1:]], "entry 2 is missing: the next one is 1"),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_every_alteration_is_found(name: str) -> None:
    """Broken by: comparing with the newest checkpoint only, or with the database's own alone."""
    alter, finding = ALTERATIONS[name]
    with pytest.raises(Tampered) as caught:
        check(alter())
    assert str(caught.value) == finding


def test_the_moment_of_an_entry_is_covered_to_the_microsecond() -> None:
    number, entry, leaf = ROWS[0]
    moved = replace(entry, recorded_at=entry.recorded_at + timedelta(microseconds=1))
    with pytest.raises(Tampered, match="entry 0 is not"):
        check([(number, moved, leaf)])


FORGED = {
    "a stranger's": head(ROWS, STRANGER),
    "another size": msgspec.structs.replace(head(ROWS), tree_size=6),
    "another root": msgspec.structs.replace(head(ROWS), root=base64.b64encode(b"\x00" * 32).decode()),
    "another time": msgspec.structs.replace(head(ROWS), signed_at="2026-11-22T12:00:00.001Z"),
    "no signature": msgspec.structs.replace(head(ROWS), signature=""),
    "not base64": msgspec.structs.replace(head(ROWS), signature="ä"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_checkpoint_is_found(name: str) -> None:
    forged = FORGED[name]
    assert not genuine(forged, KEYS)
    finding = f"the checkpoint of {forged.tree_size} entries in the topic has no valid signature"
    with pytest.raises(Tampered, match=finding):
        check(ROWS, [*WITNESSES, Witness("topic", forged)])


def test_the_signature_is_over_what_the_contract_says() -> None:
    made = head(ROWS)
    text = f"kaiwa-ledger/1\n7\n{made.root}\n2026-11-22T12:00:00.000Z\n".encode()
    KEY.public_key().verify(base64.b64decode(made.signature), text)


def test_a_commitment_differs_with_each_part_of_its_subject() -> None:
    nonce, other = b"n" * 32, b"o" * 32
    made = {
        commitment(nonce, Fact.RECEIVED, "e", "a", "m"),
        commitment(other, Fact.RECEIVED, "e", "a", "m"),
        commitment(nonce, Fact.CLOSED, "e", "a", "m"),
        commitment(nonce, Fact.RECEIVED, "x", "a", "m"),
        commitment(nonce, Fact.RECEIVED, "e", "x", "m"),
        commitment(nonce, Fact.RECEIVED, "e", "a", "x"),
    }
    assert len(made) == 6
