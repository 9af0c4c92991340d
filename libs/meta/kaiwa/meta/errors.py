"""Meta's error codes, one row each: what to do, and what to tell a person.

Classified by (code, subcode), then by code alone: the text is localised and the HTTP status varies
(platform.md 4.4, 4.5, surprises 19, 23 to 25).
"""

from dataclasses import dataclass
from enum import Enum, auto


class Action(Enum):
    """What an error answer asks of the sender."""

    UNKNOWN = auto()
    """It may have been sent all the same: look for evidence, never send again."""
    RETRY = auto()
    """As UNKNOWN, but where the thread proves that it was not sent, it may be tried again, a few times."""
    ONCE = auto()
    """It was not sent; a second try is worth it, a third is not."""
    DROP = auto()
    """Final for this message."""
    FIX = auto()
    """Final, and somebody has to change the request, the app or its access."""
    WAIT = auto()
    """This thread is busy for a while; the account's other threads are not."""
    PAUSE = auto()
    """Throttled: the account waits until the announced time."""
    PAUSE_APP = auto()
    """Throttled: every account of the app waits."""
    REAUTH = auto()
    """The login is gone: the account waits for a new one."""
    RESTRICTED = auto()
    """The account is held back by the platform for its conduct."""
    INELIGIBLE = auto()
    """Messaging is not available for this account."""


@dataclass(frozen=True)
class Row:
    action: Action
    explanation: str


_D, _F, _P, _A = Action.DROP, Action.FIX, Action.PAUSE, Action.PAUSE_APP
_R, _U, _X = Action.REAUTH, Action.UNKNOWN, Action.RESTRICTED

_RATE = "Meta's call limit is reached; sending goes on at the announced time."
_APP_RATE = "Meta's call limit of the app is reached; all of its accounts go on at the announced time."
_LOGIN = "The access token is no longer valid: log the account in again."
_PERMISSION = "A permission is missing or was removed: grant it and log in again."
_WINDOW = "Outside the messaging window: wait until the customer writes."
_AWAY = "This person cannot receive messages from the account now."
_OWNER = "Another app controls this thread."
_MEDIA = "Meta could not use the media: check its type and size."
_FETCH = "Meta could not fetch the media: check that its address is public and answers quickly."
_ROLE = "Until App Review only people with a role on the app can be messaged (Standard Access)."
_RECEIVER = "Only a primary or secondary receiver may do this."
_PROFILE = "The profile cannot be read."

TABLE: dict[tuple[int, int | None], Row] = {
    (1, None): Row(Action.RETRY, "Meta reports an unknown error; the message may have been sent."),
    (1, 99): Row(
        _F, "Meta reports an unknown error that a missing permission can cause: check the permissions."
    ),
    (1, 1357046): Row(_U, "Meta answered unreadably although messages were sent."),
    (2, None): Row(Action.RETRY, "Meta is temporarily unavailable, or the customer blocked the account."),
    (2, 1545133): Row(_U, "Meta is temporarily unavailable."),
    (2, 2018344): Row(_F, "The privacy terms for labels are not accepted."),
    (3, None): Row(_F, "The app lacks this capability: check its access level."),
    (4, None): Row(_A, _APP_RATE),
    (4, 2018354): Row(_D, "The marketing cadence is exceeded."),
    (9, 2018352): Row(_P, "Too many opt-in requests."),
    (10, None): Row(_R, _PERMISSION),
    (10, 2534022): Row(_D, _WINDOW),
    (10, 2018278): Row(_D, _WINDOW),
    (10, 2018065): Row(_D, _WINDOW),
    (10, 2018108): Row(_D, _AWAY),
    (10, 2534077): Row(_R, "The link between account, user and Page cannot be verified: log in again."),
    (10, 1893063): Row(_X, "The account is temporarily restricted for its conduct."),
    (10, 1893015): Row(_D, "The person stopped notifications for this topic."),
    (17, None): Row(_P, _RATE),
    (27, None): Row(_F, "Taking control needs conversation routing, which is off: request control instead."),
    (32, None): Row(_A, _APP_RATE),
    (100, None): Row(_F, "Meta does not accept a parameter of the request."),
    (100, 33): Row(_F, "The object does not exist or the token may not see it."),
    (100, 2018001): Row(_D, "No such person for this account: is the id an Instagram-scoped one?"),
    (100, 2534014): Row(_D, "No such person for this account: is the id an Instagram-scoped one?"),
    (100, 2018008): Row(Action.ONCE, _FETCH),
    (100, 2018047): Row(_D, _MEDIA),
    (100, 2018109): Row(_D, _MEDIA),
    (100, 2018294): Row(Action.ONCE, _FETCH),
    (100, 2018014): Row(_F, "A typing sign must travel alone."),
    (100, 2018074): Row(_F, "The attachment id is not of this account: upload it again."),
    (100, 2534013): Row(_R, "The Page is not linked to an Instagram account: link it and log in again."),
    (100, 2534015): Row(_F, "The message does not fit its type."),
    (100, 2534025): Row(_D, "The comment allows no private reply: expired, answered or deleted."),
    (100, 2534029): Row(_X, "The account is blocked from the messaging API."),
    (100, 2534037): Row(_D, _OWNER),
    (100, 2534001): Row(_D, "The thread was archived or deleted by its owner."),
    (102, None): Row(_R, _LOGIN),
    (190, None): Row(_R, _LOGIN),
    (190, 458): Row(_R, "The person removed the app: connect the account again."),
    (190, 459): Row(
        _R, "Meta asks the person for a check: they log in at Meta, then log the account in again."
    ),
    (190, 460): Row(_R, "The password was changed: log the account in again."),
    (190, 463): Row(_R, "The access token has expired: log the account in again."),
    (190, 464): Row(
        _R, "The person's account is unconfirmed: they confirm it, then log the account in again."
    ),
    (190, 467): Row(_R, "The access token was invalidated: log the account in again."),
    (190, 492): Row(_R, "The person lost their role on the Page: restore it and log in again."),
    (200, None): Row(_R, _PERMISSION),
    (200, 2018028): Row(_F, _ROLE),
    (200, 2018027): Row(_F, _ROLE),
    (200, 1545041): Row(_D, _AWAY),
    (200, 2534041): Row(_R, "The owner switched off access for connected tools: Settings, Message controls."),
    (230, None): Row(_D, "The person has not agreed that their profile is read."),
    (341, None): Row(_A, _APP_RATE),
    (368, None): Row(_X, "The account is blocked for policy reasons."),
    (506, None): Row(_D, "Meta takes this for a duplicate post."),
    (551, None): Row(_D, _AWAY),
    (613, None): Row(_P, _RATE),
    (613, 2534040): Row(_P, _RATE),
    (613, 2018338): Row(_P, "Meta finds the use of tags abusive; tagged messages must stop."),
    (613, 1893016): Row(_D, "An opt-in was requested again."),
    (2022, None): Row(_D, "Commerce messages are disabled after a violation."),
    (36103, None): Row(Action.INELIGIBLE, "Messaging is not available for this account yet."),
    (2018300, None): Row(_D, _OWNER),
    (2018321, None): Row(Action.WAIT, "Meta's own automated answer is running in this thread."),
    (2018171, None): Row(_F, _RECEIVER),
    (2018234, None): Row(_F, _RECEIVER),
    (2018218, None): Row(_D, _PROFILE),
    (2018247, None): Row(_D, _PROFILE),
    (9010, None): Row(_D, "No such person on Instagram: their profile cannot be read."),
    (9000001, None): Row(_D, "The message is deleted, or older than the newest 20."),
}

RANGES: tuple[tuple[range, Row], ...] = (
    (range(200, 300), Row(_R, _PERMISSION)),
    (range(80_000, 80_010), Row(_P, _RATE)),
)
"""What whole ranges of codes mean, where no row says more."""

_OTHER = Row(_F, "Meta refused the call for a reason that is not in our table.")
_BROKEN = Row(_U, "Meta failed for a reason that is not in our table; the message may have been sent.")


def explain(code: int | None, subcode: int | None, *, passing: bool = False) -> Row:
    """The row of an error: by both numbers, then by the code alone, then by its range.

    One that is nowhere is final, unless it may pass: Meta calls it transient, or its server failed. 1 and 2 are tried
    again only as the table has them: with a subcode that it does not know they stay in doubt.
    """
    unlisted = _BROKEN if passing else _OTHER
    if code is None:
        return unlisted
    exact = TABLE.get((code, subcode)) or TABLE.get((code, None))
    if exact and exact.action is Action.RETRY and subcode is not None:
        return Row(Action.UNKNOWN, exact.explanation)
    return exact or next((row for codes, row in RANGES if code in codes), unlisted)
