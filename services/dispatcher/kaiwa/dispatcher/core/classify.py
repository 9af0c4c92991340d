"""What an answer of the Send API means for the message: one verdict for each way in which a call can end."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from kaiwa.contracts.accounts import State as AccountState
from kaiwa.contracts.outcomes import PlatformError
from kaiwa.contracts.reasons import Reason
from kaiwa.meta.answers import Accepted, Answer, Lost, NotSent, Refused
from kaiwa.meta.errors import Action, explain

RETRY_UNREACHABLE = timedelta(seconds=2)
DEFAULT_PAUSE = timedelta(seconds=60)
BUSY_THREAD = timedelta(minutes=2)


@dataclass(frozen=True)
class Sent:
    """``recipient_id``: the customer, as the platform names them; a private reply learns it only here."""

    mid: str | None
    recipient_id: str | None = None


@dataclass(frozen=True)
class InDoubt:
    """The platform may have it. Only evidence settles this; the call is never made again."""

    error: PlatformError | None = None


Lesson = Literal["away", "not_owner"]
"""What a refusal teaches about its conversation: nobody can be reached there now, or another app has it."""

_LESSONS: dict[Lesson, Reason] = {"away": Reason.RECIPIENT_UNAVAILABLE, "not_owner": Reason.NOT_OWNER}


@dataclass(frozen=True)
class Failed:
    """The platform has refused it for good. ``account_state``: what it says about the account, if anything."""

    error: PlatformError
    account_state: AccountState | None = None
    lesson: Lesson | None = None

    @property
    def reason(self) -> Reason:
        return _LESSONS[self.lesson] if self.lesson else Reason.PLATFORM


@dataclass(frozen=True)
class Again:
    """It certainly was not sent and may be tried later. ``pause``: the whole account waits as long."""

    after: timedelta
    reason: Reason | None
    pause: bool = False
    account_state: AccountState | None = None
    error: PlatformError | None = None


Verdict = Sent | InDoubt | Failed | Again

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
    row = explain(answer.code, answer.subcode, server_error=answer.server_error)
    error = PlatformError(answer.code, answer.subcode, row.explanation, answer.fbtrace_id)
    match row.action:
        case Action.UNKNOWN:
            return InDoubt(error)
        case Action.PAUSE:
            return Again(
                answer.retry_after or DEFAULT_PAUSE, Reason.PAUSED_BY_PLATFORM, pause=True, error=error
            )
        case Action.WAIT:
            return Again(BUSY_THREAD, Reason.NOT_OWNER, error=error)
        case Action.REAUTH | Action.RESTRICTED:
            state: AccountState = "needs_reauth" if row.action is Action.REAUTH else "restricted"
            return Again(DEFAULT_PAUSE, Reason.ACCOUNT_PAUSED, account_state=state, error=error)
        case Action.INELIGIBLE:
            return Failed(error, account_state="ineligible")
        case Action.DROP | Action.FIX:  # pragma: no branch - as above
            return Failed(error, lesson=_lesson(answer.code, answer.subcode))


def _lesson(code: int | None, subcode: int | None) -> Lesson | None:
    """platform.md 4.5. 551 is of whatever subcode; 1545041 with another code says too little (surprise 25)."""
    match code, subcode:
        case (551, _) | (10, 2018108):
            return "away"
        case (2018300, _) | (100, 2534037):
            return "not_owner"
        case _:
            return None
