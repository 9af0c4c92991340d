"""What a login came to, in words: what is missing, which Page is meant, where it failed, and what to do.

Pure: the answers come as values, what follows is a value too. Findings have the shape of `kaiwa accounts check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kaiwa.dispatcher.core.opening import AGAIN, ROLES, is_access
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.meta.errors import explain
from kaiwa.meta.login_answers import Fault, Identity, Page
from kaiwa.meta.logins import Cancelled, Failed, Nothing
from kaiwa.meta.permissions import NEEDED, USEFUL
from kaiwa.meta.signatures import Host

_CAN_SEND = frozenset({"MESSAGE", "MESSAGING", "MANAGE"})
_CAN_SUBSCRIBE = frozenset({"MODERATE", "MANAGE"})
_PROFESSIONAL = frozenset({"BUSINESS", "MEDIA_CREATOR"})

_PROFESSIONAL_STEPS = "in the Instagram app: Settings, Account type and tools, Switch to professional account (business or creator)"
_LINK_STEPS = "in the Page's settings: Linked accounts, Instagram, Connect account"


def lacking(login: Host, granted: frozenset[str]) -> tuple[str, ...]:
    """The permissions without which nothing is received or sent."""
    return tuple(sorted(NEEDED[login] - granted))


def permissions(login: Host, granted: frozenset[str]) -> Finding:
    """What was asked for, compared with what was granted."""
    if missing := lacking(login, granted):
        do = f"{AGAIN}, leave every box ticked and the account selected"
        return Finding("permissions", "bad", f"withheld: {', '.join(missing)}", do)
    useful = USEFUL[login]
    if withheld := sorted(useful.keys() - granted):
        lost = "; ".join(dict.fromkeys(useful[name] for name in withheld))
        return Finding(
            "permissions",
            "warn",
            f"withheld: {', '.join(withheld)}",
            f"without it: {lost}. If that is wanted, {AGAIN}",
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
    do = f"somebody with full control of the Page gives this person messages and moderation there, then {AGAIN}"
    return Finding("Page", "bad", f"{_named(page)}: this person has no access to {lack}", do)


def professional(identity: Identity) -> Finding | None:
    """What is wrong with an account that logged in by itself; None where nothing is."""
    if identity.account_id is None:
        return Finding("account", "bad", "Meta did not say which account this is", f"{AGAIN}")
    if identity.kind is None or identity.kind in _PROFESSIONAL:
        return None
    return Finding(
        "account", "bad", "this is no professional account", f"{_PROFESSIONAL_STEPS}; then {AGAIN}"
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
            return "the code has expired", f"{AGAIN}, and finish the dialog without a long pause"
        case 100, 36008:
            return "the code was given to another redirect URI", _redirects(login)
        case 100, 36009:
            return "the code was used before", f"{AGAIN}. If nobody here used it, somebody saw your redirect"
        case ((1 | 101), _) if step in {"code", "long-lived token"}:
            return "Meta does not know this app id with this secret", secret
        case 400, _:
            do = f"{AGAIN}. If it comes back: {_redirects(login)}; {secret}"
            return "the code is used, expired, or not for this app and redirect URI", do
        case code, subcode:
            row = explain(code, subcode)
            do = ROLES if is_access(code, subcode) else AGAIN
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
        "account", "bad", says, f"log out of Instagram in the browser, or switch the account there; {AGAIN}"
    )


def registered(*, added: bool) -> Finding:
    says = "added, its token sealed" if added else "known: it has a new token, its settings stay"
    return Finding("registry", "good", says)


def unanswered_dialog(said: Cancelled | Failed | Nothing) -> Finding:
    """What a redirect without a code means."""
    match said:
        case Cancelled():
            says = "the dialog was cancelled: nothing was changed"
            return Finding("login", "bad", says, f"{AGAIN} when they agree")
        case Failed(said=words):
            quoted = f": {words}" if words else ""
            return Finding("login", "bad", f"Meta's dialog ended in an error{quoted}", ROLES)
        case Nothing():
            says = "this is not the answer to the dialog that was begun here: nothing was changed"
            return Finding("login", "bad", says, f"{AGAIN}, and use its own link to the end")


def which(several: Several) -> Finding:
    names = "; ".join(f"{page.name}: --account {page.account_id}" for page in several.pages)
    return Finding("Page", "bad", f"several accounts are linked: {names}", f"{AGAIN} and say which one")


def another_app(app_id: str) -> Finding:
    do = "nothing was stored. Somebody may try to slip in a token: begin anew from a link of yours"
    return Finding("login", "bad", f"the token is of another app ({app_id or 'not named'})", do)


def unanswered(step: str, why: str) -> Finding:
    return Finding(
        "login",
        "unknown",
        f"Meta did not answer at the step \u201c{step}\u201d ({why})",
        f"{AGAIN}: a code counts once",
    )


def _no_page() -> Finding:
    do = (
        "in the dialog, select the Page that the account is linked to. If there is none: the dialog offers to make one, or"
        " make it on Facebook and link the account; or use Instagram's own login, which needs no Page"
    )
    return Finding("Page", "bad", "no Page was shared with the app", f"{do}. Then {AGAIN}")


def _no_link(pages: Sequence[Page]) -> Finding:
    names = ", ".join(_named(page) for page in pages)
    do = (
        f"1. {_PROFESSIONAL_STEPS}. 2. {_LINK_STEPS}. 3. {AGAIN}, and select the Page and the account in the dialog. Or use"
        " Instagram's own login, which needs no Page"
    )
    return Finding("Page", "bad", f"no Instagram professional account is linked to {names}", do)


def _not_shared(wanted: str, pages: Sequence[Page]) -> Finding:
    names = ", ".join(_named(page) for page in pages) or "none"
    return Finding(
        "Page",
        "bad",
        f"{wanted} is not among the Pages that were shared: {names}",
        f"select it in the dialog; {AGAIN}",
    )


def _named(page: Page) -> str:
    return f"\u201c{page.name}\u201d ({page.page_id})" if page.name else page.page_id
