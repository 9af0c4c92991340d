"""What is sealed and hashed while keys are rotated."""

from pathlib import Path

import pytest

from kaiwa.dispatcher.contents import Contents, Ring
from kaiwa.store.sealing import Unsealable

OLD, NEW = b"o" * 32, b"n" * 32


def with_keys(*keys: bytes) -> Contents:
    ring = Ring(list(keys))
    return Contents(lambda: ring)


def test_a_hash_of_the_key_before_is_still_known() -> None:
    """Promise 3: broken by a thread that seems not to hold a message because its hash was made with another key; an
    error that allows a second try would then send it twice.
    """
    before, after = with_keys(OLD), with_keys(NEW, OLD)
    told = before.fingerprint("hello")
    assert told is not None
    assert after.fingerprint("hello") != told
    assert after.fingerprint_like(bytes.fromhex(told))("hello") == told
    assert after.fingerprint_like(bytes.fromhex(told))("other") != told
    assert after.fingerprint_like(None)("hello") == after.fingerprint("hello")
    assert after.fingerprint_like(bytes.fromhex(told))(None) is None


def test_everything_can_be_sealed_anew_while_its_key_is_there() -> None:
    before, between, after = with_keys(OLD), with_keys(NEW, OLD), with_keys(NEW)
    sealed = before.seal_token("1784", "token")
    fresh = between.sealed_anew(sealed, "token:1784")
    assert after.open_token("1784", fresh) == "token"
    assert fresh[:8] == after.names[0] != before.names[0]
    with pytest.raises(Unsealable):
        after.sealed_anew(sealed, "token:1784")
    with pytest.raises(Unsealable):
        between.sealed_anew(sealed, "token:1785")


def test_a_service_seals_with_what_the_file_says_now(tmp_path: Path) -> None:
    """Broken by: keys that are read once. A file that is spoilt leaves the last good ones in force."""
    now = [0.0]
    file = tmp_path / "seal.key"
    file.write_text(OLD.hex())
    vault = Contents.watching(file, monotonic=lambda: now[0])
    assert vault.names == with_keys(OLD).names
    file.write_text(f"{NEW.hex()}\n{OLD.hex()} # old\n")
    now[0] += 2
    for _ in range(2):
        assert vault.names == with_keys(NEW, OLD).names
        file.write_text("no key at all")
        now[0] += 2
