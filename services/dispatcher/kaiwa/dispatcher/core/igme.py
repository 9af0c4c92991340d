"""ig.me links: made, and checked (platform.md 1.7). A `ref` comes back in `referral.received`, on the message or on the
postback with which a new thread begins.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from kaiwa.dispatcher.core.limits import REF

_REF = re.compile(r"[A-Za-z0-9_=-]+")
_NAME = re.compile(r"[A-Za-z0-9._]{1,30}")


class LinkError(ValueError):
    """The link would not work; the message says why."""


def made(username: str, ref: str | None) -> str:
    """The link to an account's messages. Raises LinkError for a ref that Meta would drop."""
    if not _NAME.fullmatch(username):
        raise LinkError(f"{username} is no name of an Instagram account")
    if ref is None:
        return f"https://ig.me/m/{username}"
    _check(ref)
    return f"https://ig.me/m/{username}?ref={ref}"


def checked(url: str) -> tuple[str, str | None]:
    """The username and the ref of a link. Raises LinkError that says what is wrong with it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise LinkError("this is no address") from None
    if parts.scheme != "https" or parts.netloc.lower() not in ("ig.me", "www.ig.me"):
        raise LinkError("a link to messages begins with https://ig.me/m/")
    match = re.fullmatch(r"/m/([^/]+)/?", parts.path)
    if match is None or not _NAME.fullmatch(match[1]):
        raise LinkError("after https://ig.me/m/ stands the account's name, and nothing else")
    given = parse_qsl(parts.query, keep_blank_values=True)
    if [name for name, _ in given] not in ([], ["ref"]):
        raise LinkError("ref is the only parameter that comes back, once: write the rest into it")
    if not given:
        return match[1], None
    if parts.query != f"ref={given[0][1]}":
        raise LinkError("ref holds an escaped character: letters, digits, -, _ and = alone come back")
    _check(given[0][1])
    return match[1], given[0][1]


def _check(ref: str) -> None:
    if not _REF.fullmatch(ref):
        raise LinkError("a ref has letters, digits, -, _ and = alone, one at least")
    if len(ref) > REF.most:
        raise LinkError(f"a ref has at most {REF}, this one has {len(ref)}")
