"""Why a request ended or waits: one code each, with a line that says what the caller can do."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason code of ``instagram.outcomes.v1``; ``advice`` is for people."""

    advice: str

    def __new__(cls, code: str, advice: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.advice = advice
        return member

    # decided before the call
    INVALID = "invalid", "The request itself is wrong; `error` says what. Mend it and send a new request."
    TOO_MANY_IMAGES = (
        "too_many_images",
        "At most 10 images fit one message; send the rest in another request.",
    )
    UNKNOWN_ACCOUNT = (
        "unknown_account",
        "No such account is registered: add it with `kaiwa accounts apply`, then send again.",
    )
    ACCOUNT_PAUSED = (
        "account_paused",
        "The account is paused, restricted or needs a new login; see `kaiwa accounts list`.",
    )
    RECIPIENT_ERASED = "recipient_erased", "This customer's data was deleted; do not send to them."
    RECIPIENT_UNAVAILABLE = (
        "recipient_unavailable",
        "Meta says that this person cannot receive messages now; sending goes on when they write again.",
    )
    NOT_OWNER = (
        "not_owner",
        "Another app controls the thread: take or request control, or wait until it is passed.",
    )
    CONTROL_UNAVAILABLE = (
        "control_unavailable",
        "Not offered here: `take` needs conversation routing, `request` needs it off, and Instagram Login has neither.",
    )
    COMMENT_GRANT_USED = (
        "comment_grant_used",
        "A comment allows one private reply; it was used or has expired.",
    )
    WINDOW_CLOSED = (
        "window_closed",
        "The customer's last message is over 24 hours old (7 days for a human agent): wait until they write.",
    )
    HUMAN_AGENT_UNAVAILABLE = (
        "human_agent_unavailable",
        "Beyond 24 hours a human needs the Human Agent feature; set `human_agent` once Meta granted it.",
    )
    HUMAN_HANDLING = (
        "human_handling",
        "A person is handling this conversation; automation goes on after `release` or the hold's end, if it may wait.",
    )
    DISCLOSURE_IMPOSSIBLE = (
        "disclosure_impossible",
        "Automation must disclose itself here and the text leaves no room; shorten it.",
    )
    STATE_STALE = (
        "state_stale",
        "The conversation's newest events are not read yet; it is tried again by itself.",
    )
    UNSEALABLE = (
        "unsealable",
        "The key that sealed this message or the account's token is gone: put it back into the seal key file.",
    )
    PAUSED_BY_PLATFORM = (
        "paused_by_platform",
        "Meta throttles this account; it goes on at the announced time.",
    )
    ACCOUNT_CROWDED = (
        "account_crowded",
        "The account nears the 72,000 messages a day that Instagram bears; bulk waits, so that people can be answered.",
    )
    TOO_LATE = "too_late", "There is nothing to cancel: no such request, or its sending has begun."
    EXPIRED = "expired", "`expires_at` passed before it could be sent."
    # known after the call
    PARTIAL = "partial", "Some parts were sent, then one failed; `parts` tells which. Send the rest anew."
    NOT_FOUND = (
        "not_found",
        "The call ended without an answer and no trace of the message was found; a new request may be sent.",
    )
    UNKNOWN_HARMLESS = (
        "unknown_harmless",
        "A reaction or typing sign may or may not have arrived; it leaves no trace.",
    )
    CONTROL_UNKNOWN = (
        "control_unknown",
        "The call about thread control got no answer; the next send asks Meta who the owner is. See `kaiwa conversations show`.",
    )
    PLATFORM = (
        "platform",
        "Meta refused the call; `error` explains. While deferred it is tried again by itself.",
    )
    WENT_ON = (
        "went_on",
        "Nobody can say yet whether it was sent; the conversation has waited long enough and goes on without it.",
    )
    RESTORED = (
        "restored",
        "The database was restored from a copy; whether this was sent before is looked for, and a person may settle it.",
    )
    UNREACHABLE = "unreachable", "Meta could not be reached; nothing left this machine and it is tried again."
