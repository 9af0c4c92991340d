"""A proof file convinces somebody who has nothing but the file and a key, and no altered one does."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.compliance.core.checkpoints import hand_over, public_text, sign, signing_key
from kaiwa.compliance.core.entries import Entry, commit, subject
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.core.proofs import Chosen, Opening, Proof, Unproven, check, decode, prove

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, KEY, STRANGER = (signing_key(bytes([number]) * 32) for number in range(3))
NONCE = b"n" * 32
TOLD = subject("erasure.closed", "E", "A", "M")
ENTRIES = [
    Entry("erasure.closed", NOON + timedelta(seconds=n), commit(NONCE, TOLD) if n == 3 else bytes([n]) * 32)
    for n in range(11)
]
LEAVES = [entry.leaf for entry in ENTRIES]


def tree(size: int) -> Frontier:
    return Frontier().extended(LEAVES[:size])


HEADS = [sign(OLD, tree(2), NOON), hand_over(OLD, KEY, tree(5), NOON), sign(KEY, tree(11), NOON)]


def made(*seqs: int, since: int | None = 2) -> Proof:
    opening = Opening(base64.b64encode(NONCE).decode(), TOLD)
    chosen = [Chosen(seq, ENTRIES[seq], opening if seq == 3 else None) for seq in seqs]
    older = next((head for head in HEADS if head.tree_size == since), None)
    return prove("E", chosen, LEAVES, HEADS, since=older)


PROOF = made(3, 7)


@pytest.mark.parametrize("key", [OLD, KEY])
def test_a_proof_convinces_whoever_holds_either_key(key: Any) -> None:
    check(decode(msgspec.json.encode(PROOF)), key.public_key(), held=HEADS[0])


def stranger_agrees(text: bytes, key: str) -> bool:
    """The same check, written after the RFC and our contract alone, with nothing of ours."""
    told = json.loads(text)
    head = told["checkpoint"]
    said = f"kaiwa-ledger/1\n{head['tree_size']}\n{head['root']}\n{head['signed_at']}\n".encode()
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(
        base64.b64decode(head["signature"]), said
    )

    def climb(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
        """The recursive definition of 2.1.3.1, read backwards."""
        if size == 1:
            return leaf
        split = max(2**power for power in range(size) if 2**power < size)
        *inner, beside = path
        if index < split:
            return hashlib.sha256(b"\x01" + climb(index, split, leaf, inner) + beside).digest()
        return hashlib.sha256(b"\x01" + beside + climb(index - split, size - split, leaf, inner)).digest()

    return all(
        climb(
            entry["seq"],
            head["tree_size"],
            hashlib.sha256(
                f"\x00{entry['kind']}\n{entry['recorded_at']}\n{base64.b64decode(entry['commitment']).hex()}\n".encode()
            ).digest(),
            [base64.b64decode(each) for each in entry["path"]],
        )
        == base64.b64decode(head["root"])
        for entry in told["entries"]
    )


@given(st.sets(st.integers(0, 10), min_size=1))
def test_a_stranger_comes_to_the_same_end(seqs: set[int]) -> None:
    """Broken by: a leaf or a path that is not as the contract says, although both our sides agree on it."""
    assert stranger_agrees(msgspec.json.encode(made(*seqs)), public_text(KEY.public_key()))


def test_a_proof_holds_nothing_but_hashes_words_and_times() -> None:
    told = json.loads(msgspec.json.encode(PROOF))
    assert told["entries"][0].keys() == {"seq", "kind", "recorded_at", "commitment", "path", "opening"}
    assert told["entries"][0]["opening"]["subject"] == "erasure.closed\nE\nA\nM"
    assert "opening" not in told["entries"][1]


Alter = Callable[[Any], object]
ALTERED: dict[str, tuple[Alter, str]] = {
    "another time": (
        lambda p: p["entries"][0].update(recorded_at="2026-11-22T11:00:00.000000+00:00"),
        "entry 3 is not in the tree",
    ),
    "another kind": (lambda p: p["entries"][1].update(kind="erasure.verified"), "entry 7 is not in the tree"),
    "another place": (lambda p: p["entries"][1].update(seq=6), "entry 7|entry 6 is not in the tree"),
    "a short path": (lambda p: p["entries"][0]["path"].pop(), "entry 3 is not in the tree"),
    "about somebody else": (
        lambda p: p["entries"][0]["opening"].update(subject="erasure.closed\nE\nA\nX"),
        "entry 3 is about something else",
    ),
    "another root": (
        lambda p: p["checkpoint"].update(root=base64.b64encode(b"\x00" * 32).decode()),
        "checkpoint of 11 entries is not signed by this key",
    ),
    "no growth": (lambda p: p["growth"].clear(), "does not begin as the one of 2 did: it was rewritten"),
    "a forged older head": (
        lambda p: p["since"].update(tree_size=4),
        "checkpoint of 4 entries is not signed",
    ),
    "no successions": (
        lambda p: p["successions"].clear(),
        "checkpoint of 11 entries is not signed by this key",
    ),
    "no entries": (lambda p: p["entries"].clear(), "proves no entry"),
    "another form": (lambda p: p.update(form="x/9"), "the file is a 'x/9'"),
    "not base64": (lambda p: p["entries"][0].update(commitment="ä"), "not a proof"),
    "no such field": (lambda p: p.pop("checkpoint"), "not a proof"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_proof_convinces_nobody(name: str) -> None:
    """Broken by: leaving out any one of the checks."""
    alter, finding = ALTERED[name]
    told = json.loads(msgspec.json.encode(PROOF))
    alter(told)
    with pytest.raises(Unproven, match=finding):
        check(decode(json.dumps(told).encode()), OLD.public_key())


def test_a_strangers_key_and_a_checkpoint_it_does_not_speak_of() -> None:
    with pytest.raises(Unproven, match="not signed by this key"):
        check(PROOF, STRANGER.public_key())
    with pytest.raises(Unproven, match="ask for a proof made with --since 5"):
        check(PROOF, KEY.public_key(), held=HEADS[1])


def test_a_rewritten_ledger_does_not_extend_what_was_held() -> None:
    """The owner alters an early entry, recomputes the tree and signs it again: who kept a checkpoint sees it."""
    rewritten = [ENTRIES[0].leaf, b"\xff" * 32, *LEAVES[2:]]
    head = sign(KEY, Frontier().extended(rewritten), NOON)
    proof = prove("E", [Chosen(3, ENTRIES[3])], rewritten, [*HEADS[:2], head], since=HEADS[0])
    with pytest.raises(Unproven, match="it was rewritten"):
        check(proof, KEY.public_key(), held=HEADS[0])


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"form": 1}', b"\xff\xfe"])
def test_what_is_no_proof(text: bytes) -> None:
    with pytest.raises(Unproven, match="is not a proof"):
        decode(text)
