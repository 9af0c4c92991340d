"""What a message says, as the database may know it: sealed, or as a keyed fingerprint."""

import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec

from kaiwa.contracts.mac import Mac
from kaiwa.contracts.sends import Message, ReplyTo
from kaiwa.runtime.files import Watched
from kaiwa.runtime.keys import parse_keys, read_keys
from kaiwa.store.sealing import Sealer, name


class Saying(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a request nobody but its recipient may read: the message, and which one it answers."""

    message: Message
    reply_to: ReplyTo | None = None


_saying = msgspec.json.Decoder(Saying)


class Ring:
    """What follows from the keys of a file; the first one seals."""

    def __init__(self, keys: list[bytes]) -> None:
        self.names = [name(key) for key in keys]
        self.sealer = Sealer(keys)
        self.contents = [Mac(Mac(key).digest(b"kaiwa.content-fingerprint")) for key in keys]
        self.requests = [Mac(Mac(key).digest(b"kaiwa.request-fingerprint")) for key in keys]


class Contents:
    """Seals messages under their intent's id, and fingerprints texts so that an echo can be told.

    Its keys may change at any moment: what was sealed or hashed with one that is still in the file is known as before.
    """

    def __init__(self, ring: Callable[[], Ring]) -> None:
        self._ring = ring

    @classmethod
    def from_file(cls, path: Path) -> "Contents":
        """As the file is now; for commands."""
        ring = Ring(read_keys(path))
        return cls(lambda: ring)

    @classmethod
    def watching(cls, path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> "Contents":
        """As the file is at each moment; for services."""
        watched = Watched(path, lambda text: Ring(parse_keys(text, str(path))), monotonic=monotonic)
        return cls(lambda: watched.value)

    @property
    def names(self) -> list[bytes]:
        """Of the keys, the one that seals first."""
        return self._ring().names

    def sealed_anew(self, sealed: bytes, aad: str) -> bytes:
        """The same content under the first key. Raises Unsealable where its key is gone."""
        sealer = self._ring().sealer
        return sealer.seal(sealer.open(sealed, aad.encode()), aad.encode())

    def seal(self, intent_id: str, saying: Saying) -> bytes:
        return self._ring().sealer.seal(msgspec.json.encode(saying), intent_id.encode())

    def open(self, intent_id: str, sealed: bytes) -> Saying:
        return _saying.decode(self._ring().sealer.open(sealed, intent_id.encode()))

    def seal_token(self, account_id: str, token: str) -> bytes:
        return self._ring().sealer.seal(token.encode(), token_aad(account_id).encode())

    def open_token(self, account_id: str, sealed: bytes) -> str:
        return self._ring().sealer.open(sealed, token_aad(account_id).encode()).decode()

    def media_fingerprint(self, account_id: str, kind: str, url: str) -> bytes:
        """A keyed hash under which an upload is known; an address may say as much as a text."""
        named = f"{account_id}\0{kind}\0{url}".encode("utf-8", "surrogatepass")
        return self._ring().contents[0].digest(named)

    def request_fingerprints(self, request: bytes) -> list[bytes]:
        """Keyed hashes under which a whole request is known: the current key's first, those before it after."""
        return [mac.digest(request) for mac in self._ring().requests]

    def fingerprint(self, text: str | None) -> str | None:
        """Hex of a keyed hash; None for what has no text. Normalised, since an echo may come back composed.

        With the current key alone: while keys are rotated, an echo may not be told by its text, and waits for the thread.
        """
        return None if text is None else self._hashes(text)[0].hex()

    def fingerprint_like(self, wanted: bytes | None) -> Callable[[str | None], str | None]:
        """The same with whichever key `wanted` was made: for proof that a message is absent, no key may be forgotten."""

        def fingerprint(text: str | None) -> str | None:
            if text is None:
                return None
            hashes = self._hashes(text)
            return (wanted if wanted in hashes else hashes[0]).hex() if wanted else hashes[0].hex()

        return fingerprint

    def _hashes(self, text: str) -> list[bytes]:
        normal = unicodedata.normalize("NFC", text).strip().encode("utf-8", "surrogatepass")
        return [mac.digest(normal) for mac in self._ring().contents]


def token_aad(account_id: str) -> str:
    """What ties a sealed token to its account."""
    return f"token:{account_id}"
