"""Signatures: only the raw bytes and a configured secret count."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.meta.signatures import (
    App,
    AppsFileError,
    Host,
    appsecret_proof,
    parse_apps,
    proof_of,
    sign,
    verify,
)
from kaiwa.meta.wire import dump

SHOP = App("1001", b"shop-secret")
SHOP_NEXT = App("1001", b"shop-secret-after-rotation")
INBOX = App("2002", b"inbox-secret")
APPS = [SHOP, SHOP_NEXT, INBOX]
BODY = b'{"object":"instagram"}'


def test_known_vector() -> None:
    """RFC 4231 test case 2: breaks when the hash, the key or the encoding changes."""
    expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"Jefe", b"what do ya want for nothing?") == expected


@pytest.mark.parametrize("app", APPS)
def test_each_secret_names_its_app(app: App) -> None:
    assert verify(BODY, sign(app.secret, BODY), APPS) == app.app_id


def test_header_may_be_bytes() -> None:
    assert verify(BODY, sign(INBOX.secret, BODY).encode(), APPS) == "2002"


GOOD = sign(SHOP.secret, BODY)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        b"",
        "sha256=",
        GOOD.removeprefix("sha256="),
        GOOD.replace("sha256", "sha1"),
        GOOD.upper(),
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD[:-2] + "zz",
        GOOD[:-2] + "é0",
        b"\xff" * 71,
        sign(b"a stranger's secret", BODY),
        sign(SHOP.secret, BODY + b" "),
    ],
)
def test_refused(header: bytes | str | None) -> None:
    assert verify(BODY, header, APPS) is None


def test_no_secret_fits_nothing() -> None:
    assert verify(BODY, GOOD, []) is None


@given(st.text(min_size=1))
def test_the_bytes_received_are_what_counts(text: str) -> None:
    """Parsing and writing again changes the signature as soon as a slash or a non-ASCII sign is in it."""
    body = dump({"text": text + "/"})
    header = sign(SHOP.secret, body)
    assert verify(body, header, APPS) == "1001"
    assert verify(json.dumps(json.loads(body), separators=(",", ":")).encode(), header, APPS) is None


def test_proof_is_keyed_by_the_secret_over_the_token() -> None:
    assert sign(b"k", b"token") == f"sha256={appsecret_proof(b'k', 'token')}"


def test_apps_file() -> None:
    text = "# both products\n1001 aaa\n\n  1001\tbbb   # next\n2002 ccc#not-a-comment\n"
    assert parse_apps(text) == [App("1001", b"aaa"), App("1001", b"bbb"), App("2002", b"ccc#not-a-comment")]


PROVING = parse_apps(
    "1001 old\n1001 fb proof-facebook\n1001 ig proof-instagram\n2002 both proof # new\n3003 none"
)


@pytest.mark.parametrize(
    ("app_id", "host", "secret"),
    [
        ("1001", "facebook", b"fb"),
        ("1001", "instagram", b"ig"),
        ("2002", "facebook", b"both"),
        ("2002", "instagram", b"both"),
        ("3003", "facebook", None),
        ("4004", "facebook", None),
    ],
)
def test_the_secret_that_proves_a_call(app_id: str, host: Host, secret: bytes | None) -> None:
    """Breaks when a rotated secret proves, or one product's secret the other's calls. A new token has a new proof."""
    for token in ("token", "refreshed"):
        expected = secret and appsecret_proof(secret, token)
        assert proof_of(PROVING, app_id, host, token) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no app"),
        ("# nothing\n", "names no app"),
        ("1001 aaa\n1001\n", "line 2"),
        ("1001 aaa hunter2\n", "line 1"),
        ("shop hunter2 proof\n", "line 1"),
        ("1001 hunter2 proof 3\n", "line 1"),
        ("\nshop hunter2\n", "line 2"),
        ("1001 #hunter2\n", "line 1"),
    ],
)
def test_apps_file_errors_name_the_line_and_never_the_secret(text: str, said: str) -> None:
    with pytest.raises(AppsFileError, match=said) as raised:
        parse_apps(text)
    assert "hunter2" not in str(raised.value)


def test_a_secret_does_not_show() -> None:
    assert "shop-secret" not in repr(SHOP)
