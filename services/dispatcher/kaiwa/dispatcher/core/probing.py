"""What Meta's answers about an account mean: for what is known of it, and for its state.

Three questions are asked: what the token is good for (`debug_token`, Facebook's host alone), whether the Conversations
API answers (it does for nobody who is not eligible), and whether the app is subscribed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kaiwa.contracts.accounts import State
from kaiwa.meta.answers import REFRESHABLE_AFTER, Available, Debugged, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.errors import Action, explain
from kaiwa.meta.permissions import NEEDED

REFRESH_FROM = timedelta(days=30)
"""A token is refreshed with this much left: half of its life to try in."""

DAILY = timedelta(days=1)
"""How often an account is asked about that is not eligible (platform.md 4.5, 36103)."""

FIRST_PAUSE = timedelta(minutes=5)
"""After a question that nobody answered; doubled with each one."""

_DEAD = frozenset({102, 190})


@dataclass(frozen=True)
class Answers:
    """What came back; ``debugged`` None where that question was not asked."""

    debugged: Debugged | Refused | NotSent | Lost | None
    available: Available | Refused | NotSent | Lost
    subscribed: tuple[Subscribed, ...] | Refused | NotSent | Lost


@dataclass(frozen=True)
class Learnt:
    """What they say; None where they say nothing. ``error`` is why the login does not work."""

    valid: bool | None
    error: tuple[int, int | None] | None
    eligible: bool | None
    fields: frozenset[str] | None
    scopes: frozenset[str] | None
    expires_at: datetime | None

    @property
    def nothing(self) -> bool:
        return self.valid is None and self.eligible is None and self.fields is None


def learn(answers: Answers, app_id: str) -> Learnt:
    debugged = answers.debugged if isinstance(answers.debugged, Debugged) else None
    error = _dead(answers)
    if error is None and debugged is not None and not debugged.valid:
        error = debugged.error or (190, None)
    asked = isinstance(answers.available, Available)
    well = asked or bool(debugged and debugged.valid)
    told = debugged if debugged is not None and debugged.valid else None
    return Learnt(
        valid=False if error else True if well else None,
        error=error,
        eligible=True if asked else False if _ineligible(answers.available) else None,
        fields=_fields(answers.subscribed, app_id),
        scopes=told.scopes if told else None,
        expires_at=told.expires_at if told else None,
    )


def state_after(state: State, learnt: Learnt, login: Literal["facebook", "instagram"]) -> State:
    """The state that follows. What the platform restricts, and what a person paused, no answer frees."""
    if state in ("paused", "restricted"):
        return state
    if learnt.valid is False:
        return "needs_reauth"
    if learnt.eligible is False:
        return "ineligible"
    whole = learnt.scopes is None or learnt.scopes >= NEEDED[login]
    if learnt.eligible and (state == "ineligible" or (state == "needs_reauth" and learnt.valid and whole)):
        return "active"
    return state


def refresh_due(
    login: Literal["facebook", "instagram"], since: datetime, expires_at: datetime | None, now: datetime
) -> bool:
    """Whether a token has to be refreshed now: one whose end nobody knows is refreshed as soon as it may be."""
    if login != "instagram" or now - since < REFRESHABLE_AFTER:
        return False
    return expires_at is None or now < expires_at <= now + REFRESH_FROM


def pause_after(failures: int, longest: timedelta) -> timedelta:
    """How long until the next question after so many that nobody answered."""
    return min(FIRST_PAUSE * (1 << min(failures, 20)), longest)


def _dead(answers: Answers) -> tuple[int, int | None] | None:
    """Why the login is gone. A permission that only the subscription lacks ends no login."""
    for said in (answers.available, answers.subscribed):
        if isinstance(said, Refused) and said.code is not None:
            gone = _reauth(said) if said is answers.available else said.code in _DEAD
            if gone:
                return said.code, said.subcode
    return None


def _reauth(said: Refused) -> bool:
    return explain(said.code, said.subcode, passing=said.passing).action is Action.REAUTH


def _ineligible(said: Available | Refused | NotSent | Lost) -> bool:
    return isinstance(said, Refused) and explain(said.code, said.subcode).action is Action.INELIGIBLE


def _fields(said: tuple[Subscribed, ...] | Refused | NotSent | Lost, app_id: str) -> frozenset[str] | None:
    """Of our app; one that is not named is taken for ours, since its token asks."""
    if not isinstance(said, tuple):
        return None
    ours = [each.fields for each in said if each.app_id in (None, app_id)]
    return frozenset().union(*ours)
