"""Sealing: only the right key and the right row open a seal, and what is sealed cannot be read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.keys import generate
from kaiwa.store.sealing import Sealer, Unsealable

OLD, NEW = bytes(32), bytes([1]) * 32


@given(plaintext=st.binary(max_size=200), aad=st.binary(max_size=40))
def test_a_seal_opens_to_what_was_sealed(plaintext: bytes, aad: bytes) -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(plaintext, aad)
    assert sealer.open(sealed, aad) == plaintext
    assert len(sealed) == len(plaintext) + 36


def test_the_same_text_never_looks_the_same() -> None:
    sealer = Sealer([NEW])
    seals = {sealer.seal(b"hello", b"row") for _ in range(100)}
    assert len(seals) == 100
    assert not any(b"hello" in sealed for sealed in seals)


def test_a_key_is_rotated_by_putting_a_new_one_first() -> None:
    sealed = Sealer([OLD]).seal(b"hello", b"row")
    both = Sealer([NEW, OLD])
    assert both.open(sealed, b"row") == b"hello"
    assert Sealer([NEW]).open(both.seal(b"hello", b"row"), b"row") == b"hello"
    with pytest.raises(Unsealable, match="which is gone: put it back"):
        Sealer([NEW]).open(sealed, b"row")


@pytest.mark.parametrize("at", [8, 19, 20, 30, -1])
def test_a_seal_that_was_changed_does_not_open(at: int) -> None:
    sealer = Sealer([NEW])
    sealed = bytearray(sealer.seal(b"hello", b"row"))
    sealed[at] ^= 1
    with pytest.raises(Unsealable, match="broken"):
        sealer.open(bytes(sealed), b"row")


def test_a_seal_does_not_open_in_another_row() -> None:
    sealer = Sealer([NEW])
    with pytest.raises(Unsealable, match="another row"):
        sealer.open(sealer.seal(b"hello", b"row 1"), b"row 2")


@pytest.mark.parametrize("length", [0, 8, 35])
def test_what_is_too_short_is_no_seal(length: int) -> None:
    with pytest.raises(Unsealable, match="too short"):
        Sealer([NEW]).open(bytes(length), b"")


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, bytes(33)]])
def test_a_seal_key_has_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(SettingsError, match="32 bytes"):
        Sealer(keys)


def test_a_generated_key_file_seals(tmp_path: Path) -> None:
    sealer = Sealer.from_file(generate(tmp_path)["KAIWA_DISPATCHER__SEAL_KEY_FILE"])
    assert sealer.open(sealer.seal(b"hello", b""), b"") == b"hello"
