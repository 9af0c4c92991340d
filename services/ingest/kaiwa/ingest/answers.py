"""How a request of Meta's ends: its name in the metrics, and what Meta is told.

200 done · 400 and 401 not from Meta · 408 and 413 body too slow, too large · 415 not a form · 503 come again
"""

from typing import Final, NamedTuple

from kaiwa.bus.errors import PublishFailed
from kaiwa.ingest.fuse import FuseOpen
from kaiwa.ingest.limits import Overloaded
from kaiwa.meta.signed_request import BadSignedRequest
from kaiwa.runtime.http import BodyTimeout, BodyTooLarge, ClientGone


class BadSignature(Exception):
    """Missing, malformed, or made with no secret of ours."""


class NotAForm(Exception):
    """A callback that declares another type than a form's."""


class Outcome(NamedTuple):
    """``status`` is None where nobody waits for an answer."""

    name: str
    status: int | None
    headers: tuple[tuple[bytes, bytes], ...] = ()


_CLOSE = (b"connection", b"close")
_LATER = (b"retry-after", b"5")

ACCEPTED: Final = Outcome("accepted", 200)

_FAILURES: Final[dict[type[Exception], Outcome]] = {
    BadSignature: Outcome("bad_signature", 401),
    BadSignedRequest: Outcome("bad_signature", 400),
    NotAForm: Outcome("not_a_form", 415),
    BodyTooLarge: Outcome("too_large", 413, (_CLOSE,)),
    BodyTimeout: Outcome("too_slow", 408, (_CLOSE,)),
    ClientGone: Outcome("gone", None),
    Overloaded: Outcome("overloaded", 503, (_LATER,)),
    FuseOpen: Outcome("fuse_open", 503, (_LATER,)),
    PublishFailed: Outcome("unavailable", 503, (_LATER,)),
}

FAILURES: Final = tuple(_FAILURES)
"""Every way in which a request may fail; anything else is a defect of ours."""


def of(error: Exception) -> Outcome:
    """The outcome of one of the failures."""
    return next(outcome for failure, outcome in _FAILURES.items() if isinstance(error, failure))
