"""What an answer of the Send API means for the message: one verdict for each way in which a call can end."""

from datetime import timedelta
from typing import Literal

import msgspec

from kaiwa.contracts.accounts import State as AccountState
from kaiwa.contracts.outcomes import PlatformError
from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.throttle import FIRST_PAUSE
from kaiwa.meta.answers import Accepted, Answer, Lost, NotSent, Refused
from kaiwa.meta.errors import Action, explain

RETRY_UNREACHABLE = timedelta(seconds=2)
DEFAULT_PAUSE = FIRST_PAUSE
BUSY_THREAD = timedelta(minutes=2)
SECOND_TRY = timedelta(seconds=10)

RETRIES = 3
"""How often a call that Meta answered with 1 or 2 is made again, each time only after the thread has proved its absence."""

_TAGS_ABUSED = (613, 2018338)


def backoff(retries: int) -> timedelta:
    """How long a call waits that was tried again so often already."""
    return timedelta(seconds=5 * 2**retries)


class Sent(msgspec.Struct, frozen=True):
    """``recipient_id``: the customer, as the platform names them; a private reply learns it only here."""

    mid: str | None
    recipient_id: str | None = None


class InDoubt(msgspec.Struct, frozen=True):
    """The platform may have it. Only evidence settles this, and what has no evidence is never called again.

    ``retry``: once the thread proves that it was not sent, it may be tried again.
    """

    error: PlatformError | None = None
    retry: bool = False


Lesson = Literal["away", "not_owner", "closed", "no_routing"]
"""What a refusal teaches: nobody can be reached in this conversation now, another app has it, its window is closed, or
the account has no conversation routing.
"""

_LESSONS: dict[Lesson, Reason] = {
    "away": Reason.RECIPIENT_UNAVAILABLE,
    "not_owner": Reason.NOT_OWNER,
    "closed": Reason.WINDOW_CLOSED,
    "no_routing": Reason.CONTROL_UNAVAILABLE,
}

Scope = Literal["account", "app"]
"""Who has to wait: the account, or every account of its app."""


class Failed(msgspec.Struct, frozen=True):
    """The platform has refused it for good. ``account_state``: what it says about the account, if anything."""

    error: PlatformError
    account_state: AccountState | None = None
    lesson: Lesson | None = None

    @property
    def reason(self) -> Reason:
        return _LESSONS[self.lesson] if self.lesson else Reason.PLATFORM


class Again(msgspec.Struct, frozen=True):
    """It certainly was not sent and may be tried later. ``pause``: who waits as long, besides this message.

    ``once``: it is tried a second time and not a third. ``tags_abused``: the account sends no tagged messages any more.
    ``announced``: the platform said how long.
    """

    after: timedelta
    reason: Reason | None
    pause: Scope | None = None
    account_state: AccountState | None = None
    error: PlatformError | None = None
    once: bool = False
    tags_abused: bool = False
    announced: bool = False


Verdict = Sent | InDoubt | Failed | Again

UPLOAD_AGAIN = Again(timedelta(0), None)
"""Meta forgot what was uploaded: nothing was sent, and the next try brings a new upload."""

NEVER_LEFT = Again(timedelta(0), None)
"""Its slot came too late for its lease: ordinary pacing, nobody's business."""


def classify(answer: Answer) -> Verdict:
    match answer:
        case Accepted(mid=mid, recipient_id=recipient_id):
            return Sent(mid, recipient_id)
        case Lost():
            return InDoubt()
        case NotSent():
            return Again(RETRY_UNREACHABLE, Reason.UNREACHABLE)
        case Refused():  # pragma: no branch - mypy proves that there is no other
            return _refused(answer)


def _refused(answer: Refused) -> Verdict:
    row = explain(answer.code, answer.subcode, passing=answer.passing)
    error = PlatformError(answer.code, answer.subcode, row.explanation, answer.fbtrace_id)
    match row.action:
        case Action.UNKNOWN | Action.RETRY:
            return InDoubt(error, retry=row.action is Action.RETRY)
        case Action.PAUSE | Action.PAUSE_APP:
            return Again(
                answer.retry_after or DEFAULT_PAUSE,
                Reason.PAUSED_BY_PLATFORM,
                pause="app" if row.action is Action.PAUSE_APP else "account",
                error=error,
                announced=answer.retry_after is not None,
                tags_abused=(answer.code, answer.subcode) == _TAGS_ABUSED,
            )
        case Action.WAIT:
            return Again(BUSY_THREAD, Reason.NOT_OWNER, error=error)
        case Action.ONCE:
            return Again(SECOND_TRY, Reason.PLATFORM, error=error, once=True)
        case Action.REAUTH | Action.RESTRICTED:
            state: AccountState = "needs_reauth" if row.action is Action.REAUTH else "restricted"
            return Again(DEFAULT_PAUSE, Reason.ACCOUNT_PAUSED, account_state=state, error=error)
        case Action.INELIGIBLE | Action.DROP | Action.FIX:  # pragma: no branch - as above
            ineligible: AccountState | None = "ineligible" if row.action is Action.INELIGIBLE else None
            return Failed(error, ineligible, _lesson(answer.code, answer.subcode))


def _lesson(code: int | None, subcode: int | None) -> Lesson | None:
    """platform.md 4.5. 551 is of whatever subcode; 1545041 with another code says too little (surprise 25).

    Who opted out, deleted their account or blocked the shop is away like who cannot be reached: all end with their next
    message, and until then calls of that kind only count against the account.
    """
    match code, subcode:
        case (551, _) | (10, 2018108 | 1893015) | (100, 2018001 | 2534014):
            return "away"
        case (2018300, _) | (100, 2534037):
            return "not_owner"
        case (10, 2534022 | 2018278 | 2018065):
            return "closed"
        case (27, _):
            return "no_routing"
        case _:
            return None
