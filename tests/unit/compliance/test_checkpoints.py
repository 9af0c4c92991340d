"""The ledger's check: every way to alter it is found, and the first place is named."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaiwa.compliance.core.check import STRETCH, Check, Tampered, Witness, recompute
from kaiwa.compliance.core.checkpoints import (
    Keyring,
    Sign,
    StandAside,
    hand_over,
    key_id,
    keyring,
    sign,
    signing_key,
    turn,
)
from kaiwa.compliance.core.entries import Entry, Fact, commitment
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.contracts.erasures import Checkpoint

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY, OLD_KEY, STRANGER = (signing_key(bytes([number]) * 32) for number in range(3))
RING = Keyring({key_id(key.public_key()): key.public_key() for key in (KEY, OLD_KEY)})

Sealed = tuple[int, Entry, bytes]


def sealed(count: int) -> list[Sealed]:
    made = [
        Entry("erasure.received", NOON + timedelta(seconds=n), bytes([n % 256]) * 32) for n in range(count)
    ]
    return [(number, entry, entry.leaf) for number, entry in enumerate(made)]


def head(rows: Sequence[Sealed], key: Ed25519PrivateKey = KEY) -> Checkpoint:
    return sign(key, Frontier().extended([leaf for *_, leaf in rows]), NOON)


ROWS = sealed(7)
WITNESSES = [
    Witness("topic", head(ROWS[:3], OLD_KEY)),
    Witness("database", head(ROWS[:3])),
    Witness("file", head(ROWS)),
]


def check(
    rows: Sequence[Sealed],
    witnesses: Sequence[Witness] = WITNESSES,
    ring: Keyring = RING,
    *,
    width: int = STRETCH,
) -> int:
    run = Check(witnesses, ring)
    for first in range(0, len(rows), width):
        run.add(recompute(first, plain(rows[first : first + width]), run.sizes(first, first + width)))
    run.end()
    return run.tree.size


def plain(rows: Sequence[Sealed]) -> list[tuple[int, str, datetime, bytes, bytes]]:
    """As the database gives them."""
    return [(seq, entry.kind, entry.recorded_at, entry.commitment, leaf) for seq, entry, leaf in rows]


def test_what_was_signed_passes() -> None:
    assert check(ROWS) == 7
    assert check([], []) == 0


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_stretches_join_to_the_same_tree(width: int) -> None:
    """Broken by: subtrees that merge in another order, or heads within a stretch that forget what came before."""
    rows = sealed(21)
    witnesses = [Witness("topic", head(rows[:size])) for size in range(1, 22)]
    assert check(rows, witnesses, width=width) == 21
    with pytest.raises(Tampered, match="entries 12 to 12 are not those of the checkpoint of 13"):
        check([*rows[:12], altered(rows[12], leaf_too=True), *rows[13:]], witnesses, width=width)


def test_a_check_goes_on_where_a_checkpoint_vouches_for_it() -> None:
    """Broken by: trusting the notes of an earlier check without comparing them with a checkpoint."""
    rows = sealed(STRETCH + 5)
    tree = Frontier().extended([leaf for *_, leaf in rows])
    witnesses = [Witness("topic", head(rows))]
    run = Check(witnesses, RING, from_=tree)
    assert run.tree.size == STRETCH
    run.add(recompute(STRETCH, plain(rows[STRETCH:]), run.sizes(STRETCH, len(rows))))
    run.end()
    for other in (Frontier(tree.size, tree.peaks[::-1]), Frontier(STRETCH, tree.peaks[:1])):
        assert Check(witnesses, RING, from_=other).tree.size == 0


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
    assert not RING.genuine(forged)
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


# ── one key after another ─────────────────────────────────────────────────────────────────────────────────────────

NEXT = signing_key(b"\x09" * 32)


def handed_over(rows: Sequence[Sealed], old: Ed25519PrivateKey, new: Ed25519PrivateKey) -> Checkpoint:
    return hand_over(old, new, Frontier().extended([leaf for *_, leaf in rows]), NOON)


CHAIN = [
    head(ROWS[:2], OLD_KEY),
    handed_over(ROWS[:4], OLD_KEY, KEY),
    handed_over(ROWS[:5], KEY, NEXT),
    head(ROWS, NEXT),
]


@pytest.mark.parametrize("trusted", [OLD_KEY, KEY, NEXT])
def test_from_any_key_all_others_are_reached(trusted: Ed25519PrivateKey) -> None:
    """Broken by: calling an announced new key tampering; following successions in one direction only."""
    ring = keyring([trusted.public_key()], CHAIN)
    assert all(ring.genuine(each) for each in CHAIN)
    assert check(ROWS, [Witness("topic", each) for each in CHAIN], ring) == 7


SUCCESSIONS = {
    "nobody announced it": [head(ROWS[:2], OLD_KEY), head(ROWS, NEXT)],
    "a retired key signs on": [*CHAIN, head(ROWS[:6], OLD_KEY)],
    "a new key signs before its time": [*CHAIN, head(ROWS[:3], NEXT)],
    "only the new key agrees": [
        CHAIN[0],
        msgspec.structs.replace(
            CHAIN[1],
            succession=msgspec.structs.replace(
                CHAIN[1].succession, signature=CHAIN[1].succession.countersignature
            ),
        )
        if CHAIN[1].succession
        else CHAIN[1],
        head(ROWS, KEY),
    ],
    "of another tree": [
        CHAIN[0],
        msgspec.structs.replace(head(ROWS[:3], OLD_KEY), succession=CHAIN[1].succession),
        head(ROWS, KEY),
    ],
}


@pytest.mark.parametrize("name", SUCCESSIONS)
def test_a_succession_that_is_none(name: str) -> None:
    """Broken by: taking a succession for granted that one of the keys never signed, or that is of another tree."""
    heads = SUCCESSIONS[name]
    ring = keyring([OLD_KEY.public_key()], heads)
    with pytest.raises(Tampered, match="has no valid signature"):
        check(ROWS, [Witness("topic", each) for each in heads], ring)


TURNS = {
    "an empty ledger": (None, [KEY], [], Sign(KEY)),
    "the same key": (head(ROWS), [KEY], [], Sign(KEY)),
    "a new key before the old one": (head(ROWS), [NEXT, KEY], [], Sign(NEXT, after=KEY)),
    "a new key without the old one": (head(ROWS), [NEXT], [], StandAside(key_id(KEY.public_key()))),
    "it was handed over to us": (CHAIN[1], [KEY, OLD_KEY], [OLD_KEY], Sign(KEY)),
    "it was handed over by us": (CHAIN[1], [OLD_KEY], [OLD_KEY], StandAside(key_id(KEY.public_key()))),
    "an old file, no way back": (CHAIN[1], [OLD_KEY, KEY], [OLD_KEY], StandAside(key_id(KEY.public_key()))),
}


@pytest.mark.parametrize("name", TURNS)
def test_whose_turn_it_is(name: str) -> None:
    """Broken by: signing with a key that retired, so that two generations of pods hand over to and fro."""
    newest, own, retired, expected = TURNS[name]
    assert turn(newest, own, frozenset(key_id(key.public_key()) for key in retired)) == expected
