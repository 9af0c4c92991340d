"""What a message says, as the database may know it: sealed, or as a keyed fingerprint."""

import hmac
import unicodedata
from pathlib import Path

import msgspec

from kaiwa.contracts.sends import Message, ReplyTo
from kaiwa.runtime.keys import read_keys
from kaiwa.store.sealing import Sealer


class Saying(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a request nobody but its recipient may read: the message, and which one it answers."""

    message: Message
    reply_to: ReplyTo | None = None


_saying = msgspec.json.Decoder(Saying)


class Contents:
    """Seals messages under their intent's id, and fingerprints texts so that an echo can be told."""

    def __init__(self, keys: list[bytes]) -> None:
        self._sealer = Sealer(keys)
        # With the current key alone: a rotation costs content matches of the minutes around it, never a send.
        self._fingerprint_key = hmac.digest(keys[0], b"kaiwa.content-fingerprint", "sha256")
        self._request_keys = [hmac.digest(key, b"kaiwa.request-fingerprint", "sha256") for key in keys]

    @classmethod
    def from_file(cls, path: Path) -> "Contents":
        return cls(read_keys(path))

    def seal(self, intent_id: str, saying: Saying) -> bytes:
        return self._sealer.seal(msgspec.json.encode(saying), intent_id.encode())

    def open(self, intent_id: str, sealed: bytes) -> Saying:
        return _saying.decode(self._sealer.open(sealed, intent_id.encode()))

    def seal_token(self, account_id: str, token: str) -> bytes:
        return self._sealer.seal(token.encode(), f"token:{account_id}".encode())

    def open_token(self, account_id: str, sealed: bytes) -> str:
        return self._sealer.open(sealed, f"token:{account_id}".encode()).decode()

    def media_fingerprint(self, account_id: str, kind: str, url: str) -> bytes:
        """A keyed hash under which an upload is known; an address may say as much as a text."""
        named = f"{account_id}\0{kind}\0{url}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._fingerprint_key, named, "sha256")

    def request_fingerprints(self, request: bytes) -> list[bytes]:
        """Keyed hashes under which a whole request is known: the current key's first, those before it after."""
        return [hmac.digest(key, request, "sha256") for key in self._request_keys]

    def fingerprint(self, text: str | None) -> str | None:
        """Hex of a keyed hash; None for what has no text. Normalised, since an echo may come back composed."""
        if text is None:
            return None
        normal = unicodedata.normalize("NFC", text).strip().encode("utf-8", "surrogatepass")
        return hmac.digest(self._fingerprint_key, normal, "sha256").hex()
