"""What a login came to, in words: what is missing, which Page is meant, whether messaging is open, and what to do.

Pure: the answers come as values, what follows is a value too. Findings have the shape of `kaiwa accounts check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta.answers import Answer, Available, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.errors import Action, explain
from kaiwa.meta.logins import Cancelled, Failed, Fault, Identity, Nothing, Page
from kaiwa.meta.permissions import NEEDED, USEFUL
from kaiwa.meta.signatures import Host

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

LEAST = ("messages",)
"""One field is enough to get every field that the app has switched on (platform.md 1.1)."""

_COMMENTS: dict[Host, str] = {
    "facebook": "instagram_manage_comments",
    "instagram": "instagram_business_manage_comments",
}
_COMMENT_FIELDS = frozenset({"comments", "live_comments"})
_CAN_SEND = frozenset({"MESSAGE", "MESSAGING", "MANAGE"})
_CAN_SUBSCRIBE = frozenset({"MODERATE", "MANAGE"})
_PROFESSIONAL = frozenset({"BUSINESS", "MEDIA_CREATOR"})

_AGAIN = "run `kaiwa accounts connect` again"
_SWITCH = (
    "its owner switches it on in the Instagram app: Settings, Messages and story replies, Message controls, Connected"
    " tools, Allow access to messages; it is noticed by itself"
)
_PROFESSIONAL_STEPS = "in the Instagram app: Settings, Account type and tools, Switch to professional account (business or creator)"
_LINK_STEPS = "in the Page's settings: Linked accounts, Instagram, Connect account"
_ROLES = (
    "with Standard Access only people with a role on the app reach it: in Meta's dashboard, App roles, add the account or"
    " its owner as a tester and let them accept; for everybody else ask for Advanced Access (App Review, Business"
    " Verification). The app has to be published, too"
)


def lacking(login: Host, granted: frozenset[str]) -> tuple[str, ...]:
    """The permissions without which nothing is received or sent."""
    return tuple(sorted(NEEDED[login] - granted))


def permissions(login: Host, granted: frozenset[str]) -> Finding:
    """What was asked for, compared with what was granted."""
    if missing := lacking(login, granted):
        do = f"{_AGAIN} with --again, and leave every box ticked and the account selected"
        return Finding("permissions", "bad", f"withheld: {', '.join(missing)}", do)
    useful = USEFUL[login]
    if withheld := sorted(useful.keys() - granted):
        lost = "; ".join(dict.fromkeys(useful[name] for name in withheld))
        return Finding(
            "permissions",
            "warn",
            f"withheld: {', '.join(withheld)}",
            f"without it: {lost}. If that is wanted, {_AGAIN} with --again",
        )
    return Finding("permissions", "good", f"all {len(NEEDED[login]) + len(useful)} granted")


@dataclass(frozen=True)
class Chosen:
    page: Page


@dataclass(frozen=True)
class Several:
    """More than one Page has an account: a person chooses."""

    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Missing:
    """No Page can be meant; the finding says why."""

    finding: Finding


def choose(pages: Sequence[Page], wanted: str | None) -> Chosen | Several | Missing:
    """The Page whose Instagram account is meant. ``wanted``: a Page's id or its account's."""
    linked = [page for page in pages if page.account_id is not None]
    if wanted is not None:
        named = [page for page in pages if wanted in (page.page_id, page.account_id)]
        if not named:
            return Missing(_not_shared(wanted, pages))
        return Chosen(named[0]) if named[0].account_id else Missing(_no_link(named))
    if not pages:
        return Missing(_no_page())
    if not linked:
        return Missing(_no_link(pages))
    return Chosen(linked[0]) if len(linked) == 1 else Several(tuple(linked))


def tasks(page: Page) -> Finding | None:
    """What this person may not do on the Page; None where nothing is missing or nothing was said."""
    held = frozenset(page.tasks)
    if not held or (held & _CAN_SEND and held & _CAN_SUBSCRIBE):
        return None
    lack = "messages" if not held & _CAN_SEND else "moderation"
    do = f"somebody with full control of the Page gives this person messages and moderation there, then {_AGAIN}"
    return Finding("Page", "bad", f"{_named(page)}: this person has no access to {lack}", do)


def professional(identity: Identity) -> Finding | None:
    """What is wrong with an account that logged in by itself; None where nothing is."""
    if identity.account_id is None:
        return Finding("account", "bad", "Meta did not say which account this is", f"{_AGAIN}")
    if identity.kind is None or identity.kind in _PROFESSIONAL:
        return None
    return Finding(
        "account", "bad", "this is no professional account", f"{_PROFESSIONAL_STEPS}; then {_AGAIN}"
    )


def kind(identity: Identity) -> str:
    return {"MEDIA_CREATOR": "creator account", "BUSINESS": "business account"}.get(
        identity.kind or "", "professional account"
    )


def refusal(login: Host, step: str, fault: Fault) -> Finding:
    """A step of a login that Meta refused."""
    says, do = _refused(login, step, fault)
    number = f"{fault.code}" if fault.subcode is None else f"{fault.code}/{fault.subcode}"
    quoted = f"; Meta says: {fault.said}" if fault.said else ""
    return Finding("login", "bad", f"{says} (error {number}{quoted})", do)


def _refused(login: Host, step: str, fault: Fault) -> tuple[str, str]:
    secret = f"check the app's line for {login.title()}'s login in the file of KAIWA_META__APPS_FILE"
    match fault.code, fault.subcode:
        case 100, 36007:
            return "the code has expired", f"{_AGAIN}, and finish the dialog without a long pause"
        case 100, 36008:
            return "the code was given to another redirect URI", _redirects(login)
        case 100, 36009:
            return "the code was used before", f"{_AGAIN}. If nobody here used it, somebody saw your redirect"
        case ((1 | 101), _) if step in {"code", "long-lived token"}:
            return "Meta does not know this app id with this secret", secret
        case 400, _:
            do = f"{_AGAIN}. If it comes back: {_redirects(login)}; {secret}"
            return "the code is used, expired, or not for this app and redirect URI", do
        case code, subcode:
            row = explain(code, subcode)
            do = _ROLES if _is_access(code, subcode) else _AGAIN
            return f"the step \u201c{step}\u201d failed: {row.explanation}", do


def _redirects(login: Host) -> str:
    where = (
        "Facebook Login for Business, Settings"
        if login == "facebook"
        else "Instagram, API setup, Business login"
    )
    return f"enter the redirect URI exactly as it is printed in Meta's dashboard: {where}"


def another_account(wanted: str, who: Identity) -> Finding:
    says = f"@{who.username or '?'} ({who.account_id}) logged in, not {wanted}"
    return Finding(
        "account", "bad", says, f"log out of Instagram in the browser, or switch the account there; {_AGAIN}"
    )


def registered(*, added: bool) -> Finding:
    says = "added, its token sealed" if added else "known: it has a new token, its settings stay"
    return Finding("registry", "good", says)


def unanswered_dialog(said: Cancelled | Failed | Nothing) -> Finding:
    """What a redirect without a code means."""
    match said:
        case Cancelled():
            says = "the dialog was cancelled: nothing was changed"
            return Finding("login", "bad", says, f"{_AGAIN} when they agree")
        case Failed(said=words):
            quoted = f": {words}" if words else ""
            return Finding("login", "bad", f"Meta's dialog ended in an error{quoted}", _ROLES)
        case Nothing():
            says = "this is not the answer to the dialog that was begun here: nothing was changed"
            return Finding("login", "bad", says, f"{_AGAIN}, and use its own link to the end")


def which(several: Several) -> Finding:
    names = "; ".join(f"{page.name}: --account {page.account_id}" for page in several.pages)
    return Finding("Page", "bad", f"several accounts are linked: {names}", f"{_AGAIN} and say which")


def another_app(app_id: str) -> Finding:
    do = "nothing was stored. Somebody may try to slip in a token: begin anew from a link of yours"
    return Finding("login", "bad", f"the token is of another app ({app_id or 'not named'})", do)


def unanswered(step: str, why: str) -> Finding:
    return Finding(
        "login",
        "unknown",
        f"Meta did not answer at the step \u201c{step}\u201d ({why})",
        f"{_AGAIN}: a code counts once",
    )


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
            if _is_access(code, subcode):
                return Opened(Finding("messaging", "bad", says, _ROLES), "ineligible")
            state: State | None = "needs_reauth" if row.action is Action.REAUTH else None
            return Opened(Finding("messaging", "bad", says, f"mend that, then {_AGAIN}"), state)
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
            return Finding("subscription", "bad", says, f"{_AGAIN}; see that the app is published")
    if isinstance(asked, Refused):
        row = explain(asked.code, asked.subcode)
        number = f"{asked.code}" if asked.subcode is None else f"{asked.code}/{asked.subcode}"
        do = _ROLES if _is_access(asked.code, asked.subcode) else f"mend that, then {_AGAIN}"
        return Finding("subscription", "bad", f"{row.explanation} (error {number}): no webhook comes", do)
    return Finding("subscription", "unknown", "Meta did not answer", "it is looked at again by itself")


def access() -> Finding:
    """The access level is told by no call: what it would look like (S26)."""
    do = f"write to the account from one without a role; if nothing comes: {_ROLES}"
    return Finding("access level", "unknown", "Meta tells it to nobody", do)


def _is_access(code: int | None, subcode: int | None) -> bool:
    return code == 3 or (code, subcode) in {(200, 2018027), (200, 2018028)}  # noqa: PLR2004 - Meta's own numbers


def _no_page() -> Finding:
    do = (
        "in the dialog, select the Page that the account is linked to. If there is none: the dialog offers to make one, or"
        " make it on Facebook and link the account; or use --login instagram, which needs no Page"
    )
    return Finding("Page", "bad", "no Page was shared with the app", f"{do}. Then {_AGAIN}")


def _no_link(pages: Sequence[Page]) -> Finding:
    names = ", ".join(_named(page) for page in pages)
    do = (
        f"1. {_PROFESSIONAL_STEPS}. 2. {_LINK_STEPS}. 3. {_AGAIN}, and select the Page and the account in the dialog. Or use"
        " --login instagram, which needs no Page"
    )
    return Finding("Page", "bad", f"no Instagram professional account is linked to {names}", do)


def _not_shared(wanted: str, pages: Sequence[Page]) -> Finding:
    names = ", ".join(_named(page) for page in pages) or "none"
    return Finding(
        "Page",
        "bad",
        f"{wanted} is not among the Pages that were shared: {names}",
        f"select it in the dialog; {_AGAIN}",
    )


def _named(page: Page) -> str:
    return f"\u201c{page.name}\u201d ({page.page_id})" if page.name else page.page_id
