"""Whether an account's messages flow after a login: what the Conversations API and the subscription say, and what to do."""

from dataclasses import dataclass

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta.answers import Answer, Available, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.errors import Action, explain
from kaiwa.meta.signatures import Host

AGAIN = "log in again"
ROLES = (
    "with Standard Access only people with a role on the app reach it: in Meta's dashboard, App roles, add the account or"
    " its owner as a tester and let them accept; for everybody else ask for Advanced Access (App Review, Business"
    " Verification). The app has to be published, too"
)

_SWITCH = (
    "its owner switches it on in the Instagram app: Settings, Messages and story replies, Message controls, Connected"
    " tools, Allow access to messages; it is noticed by itself"
)

FIELDS: dict[Host, tuple[str, ...]] = {
    "facebook": (
        "messages",
        "messaging_postbacks",
        "message_reactions",
        "message_edits",
        "message_reads",
        "messaging_referrals",
        "messaging_handovers",
        "messaging_optins",
        "standby",
    ),
    "instagram": (
        "messages",
        "messaging_postbacks",
        "message_reactions",
        "message_edit",
        "messaging_seen",
        "messaging_referral",
        "messaging_handover",
        "messaging_optins",
        "standby",
        "comments",
        "live_comments",
    ),
}
"""A Page spells its topic's fields in its own way. Without `response_feedback`: it adds buttons to every message."""

_COMMENTS: dict[Host, str] = {
    "facebook": "instagram_manage_comments",
    "instagram": "instagram_business_manage_comments",
}
_COMMENT_FIELDS = frozenset({"comments", "live_comments"})


@dataclass(frozen=True)
class Opened:
    """What the Conversations API says of an account: a finding, and the state that follows for one that is not held back."""

    finding: Finding
    state: State | None


def messaging(said: Available | Refused | NotSent | Lost) -> Opened:
    """Eligibility (S2), and the call that creator accounts' webhooks wait for (S24)."""
    match said:
        case Available():
            return Opened(Finding("messaging", "good", "the Conversations API answers"), "active")
        case Refused(code=200, subcode=2534041):
            says = "the account's owner lets no connected tool read messages"
            return Opened(Finding("messaging", "bad", says, _SWITCH), "needs_reauth")
        case Refused(code=code, subcode=subcode):
            row = explain(code, subcode)
            number = f"{code}" if subcode is None else f"{code}/{subcode}"
            says = f"{row.explanation} (error {number})"
            if row.action is Action.INELIGIBLE:
                return Opened(Finding("messaging", "bad", says, _INELIGIBLE), "ineligible")
            if is_access(code, subcode):
                return Opened(Finding("messaging", "bad", says, ROLES), "ineligible")
            state: State | None = "needs_reauth" if row.action is Action.REAUTH else None
            return Opened(Finding("messaging", "bad", says, f"mend that, then {AGAIN}"), state)
        case NotSent(why=why) | Lost(why=why):
            return Opened(
                Finding(
                    "messaging", "unknown", f"Meta did not answer ({why})", "it is asked again by itself"
                ),
                None,
            )


_INELIGIBLE = (
    "check that the account is professional, its owner an adult, and nothing restricts it; Meta opens creator accounts"
    " step by step. It is asked again every day, and goes on by itself"
)


def state_after(state: State, opened: Opened) -> State:
    """What the platform restricts no login frees; a person who connects an account ends its pause."""
    if state == "restricted" or opened.state is None:
        return state
    return opened.state


def fields(login: Host, granted: frozenset[str] | None) -> tuple[str, ...]:
    """What to subscribe to; the fields of comments need a permission of their own."""
    without = granted is not None and _COMMENTS[login] not in granted
    return tuple(name for name in FIELDS[login] if not (without and name in _COMMENT_FIELDS))


def subscription(
    asked: Answer, listed: tuple[Subscribed, ...] | Refused | NotSent | Lost, app_id: str
) -> Finding:
    """Whether the account's events come: what was answered counts less than what is listed."""
    if isinstance(listed, tuple):
        ours = [each for each in listed if each.app_id in (None, app_id)]
        got = frozenset().union(*(each.fields for each in ours))
        if ours and (got or not isinstance(asked, Refused)):
            return Finding("subscription", "good", f"subscribed with {len(got)} fields")
        if not isinstance(asked, Refused):
            says = "Meta took the subscription and does not list it: no webhook comes"
            return Finding("subscription", "bad", says, f"{AGAIN}; see that the app is published")
    if isinstance(asked, Refused):
        row = explain(asked.code, asked.subcode)
        number = f"{asked.code}" if asked.subcode is None else f"{asked.code}/{asked.subcode}"
        do = ROLES if is_access(asked.code, asked.subcode) else f"mend that, then {AGAIN}"
        return Finding("subscription", "bad", f"{row.explanation} (error {number}): no webhook comes", do)
    return Finding("subscription", "unknown", "Meta did not answer", "it is looked at again by itself")


def access() -> Finding:
    """The access level is told by no call: what it would look like (S26)."""
    do = "write to it from an account without a role on the app; if nothing comes, the app has Standard Access: see its roles"
    return Finding("access level", "unknown", "Meta tells it to nobody", do)


def is_access(code: int | None, subcode: int | None) -> bool:
    return code == 3 or (code, subcode) in {(200, 2018027), (200, 2018028)}  # noqa: PLR2004 - Meta's own numbers
