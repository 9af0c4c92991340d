"""Ids that look like the platform's: opaque, of the right length and alphabet, from one seeded source."""

import base64
import random


class Ids:
    """The box's one source of randomness for names; the same seed gives the same ids."""

    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulator repeats itself from its seed

    def _digits(self, prefix: str, length: int) -> str:
        return prefix + "".join(self._random.choices("0123456789", k=length - len(prefix)))

    def account(self) -> str:
        return self._digits("17841400", 17)

    def page(self) -> str:
        return self._digits("10", 15)

    def customer(self) -> str:
        return self._digits(str(self._random.randint(1, 9)), self._random.choice((16, 17)))

    def node(self) -> str:
        """A comment's or a media object's id."""
        return self._digits("179", 17)

    def mid(self) -> str:
        return "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOj" + self._opaque(66)

    def conversation(self) -> str:
        return "aWdfZAG06MTpJR1RocmVhZAElEOj" + self._opaque(48)

    def token(self, login: str) -> str:
        return ("IGAAB" if login == "instagram" else "EAAGB") + self._opaque(45)

    def secret(self) -> str:
        return self._random.randbytes(16).hex()

    def trace(self) -> str:
        return "A" + self._opaque(18)

    def asset(self) -> str:
        """A media URL of the platform's content network, signed and without content."""
        asset, signature = self._digits("1", 16), self._opaque(24)
        return f"https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={asset}&signature={signature}"

    def _opaque(self, size: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(size)).decode("ascii").rstrip("=")
