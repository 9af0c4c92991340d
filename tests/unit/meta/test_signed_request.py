"""Meta's signed_request: what is believed, and what is not."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaiwa.meta.signatures import App
from kaiwa.meta.signed_request import BadSignedRequest, SignedRequest, sign, verify

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ISSUED = datetime(2026, 11, 22, 23, tzinfo=UTC)
APPS = [App("1001", b"old"), App("1001", b"new"), App("1002", b"other")]


def payload(**changed: Any) -> dict[str, Any]:
    whole = {
        "algorithm": "HMAC-SHA256",
        "expires": int(NOW.timestamp()) + 1,
        "issued_at": int(ISSUED.timestamp()),
        "user_id": "218471",
    } | changed
    return {name: value for name, value in whole.items() if value is not ...}


def raw(said: bytes, secret: bytes = b"new") -> str:
    """A request with a good signature over any text."""
    text = base64.urlsafe_b64encode(said).rstrip(b"=")
    return (base64.urlsafe_b64encode(hmac.digest(secret, text, "sha256")) + b"." + text).decode()


def test_by_hand() -> None:
    """The signature is over the transmitted text, not over what it decodes to."""
    said = base64.urlsafe_b64encode(json.dumps(payload()).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.new(b"other", said, "sha256").digest()).rstrip(b"=")
    text = f"{signature.decode()}.{said.decode()}"
    assert verify(text, APPS, now=NOW) == SignedRequest("1002", "218471", ISSUED)


@pytest.mark.parametrize(("secret", "app_id"), [(b"old", "1001"), (b"new", "1001"), (b"other", "1002")])
def test_any_secret_of_any_app(secret: bytes, app_id: str) -> None:
    assert verify(sign(secret, payload()), APPS, now=NOW).app_id == app_id


@pytest.mark.parametrize("filler", ["", "a", "ab", "abc"])
def test_every_length_with_padding_and_without(filler: str) -> None:
    text = sign(b"new", payload(filler=filler))
    signature, said = text.split(".")
    assert "=" not in text
    assert verify(text, APPS, now=NOW).user_id == "218471"
    assert verify(f"{signature}=.{said}", APPS, now=NOW).user_id == "218471"


@pytest.mark.parametrize(
    "changed",
    [{"expires": ...}, {"expires": 0}, {"expires": None}, {"user_id": 218471}, {"algorithm": "hmac-sha256"}],
    ids=str,
)
def test_what_may_differ(changed: dict[str, Any]) -> None:
    assert verify(sign(b"new", payload(**changed)), APPS, now=NOW).user_id == "218471"


@pytest.mark.parametrize("issued_at", [..., None, 0, -1, "1", True, 10**18])
def test_without_a_time_it_counts_all_the_same(issued_at: Any) -> None:
    assert verify(sign(b"new", payload(issued_at=issued_at)), APPS, now=NOW).issued_at is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a",
        "a.b",
        "a.",
        "." + "a" * 40,
        sign(b"stranger", payload()),
        sign(b"new", payload()) + "A",
        sign(b"new", payload())[1:],
        sign(b"new", payload()).replace(".", ".."),
        sign(b"new", payload()) + " ",
        sign(b"new", payload()) + "\u3042",
        sign(b"new", payload(algorithm="HMAC-SHA1")),
        sign(b"new", payload(algorithm="none")),
        sign(b"new", payload(algorithm=...)),
        sign(b"new", payload(expires=int(NOW.timestamp()))),
        sign(b"new", payload(user_id=...)),
        sign(b"new", payload(user_id=True)),
        sign(b"new", payload(user_id="")),
        sign(b"new", payload(user_id="a b")),
        sign(b"new", payload(user_id="1" * 200)),
        raw(b"[]"),
        raw(b"null"),
        raw(b"nonsense"),
        raw(b"\xff"),
        raw(b"[" * 100_000),
    ],
    ids=lambda text: text[-25:],
)
def test_what_is_not_believed(text: str) -> None:
    with pytest.raises(BadSignedRequest):
        verify(text, APPS, now=NOW)


@settings(deadline=None)  # the machine is shared
@given(st.text())
def test_any_text_at_all(text: str) -> None:
    with pytest.raises(BadSignedRequest):
        verify(text, APPS, now=NOW)
