"""How an account is, in words: one finding for each question a person asks, with what to do where it is not well.

What is known comes as a :class:`Standing`; nothing here asks anybody. The numbers are ours where no source is named.
"""

from datetime import datetime, timedelta

from kaiwa.dispatcher.core.spans import ago
from kaiwa.dispatcher.core.standing import Finding, Standing, Verdict
from kaiwa.dispatcher.core.state import FOREVER
from kaiwa.dispatcher.core.traffic import explained, last_send, last_webhook, limits, silence
from kaiwa.meta.permissions import NEEDED, USEFUL

TOKEN_ENDS = timedelta(days=7)
"""A token with less than this left is a person's business: refreshing it has failed for weeks."""

TOKEN_LATE = timedelta(days=25)
"""A token is refreshed from 30 days before its end: with less than this left, that has failed for days."""

ASKED_AGO = timedelta(days=2)
"""What Meta said longer ago than this is old."""

_LOGIN_AGAIN = (
    "the owner logs in again (`kaiwa accounts connect`), or put a new token into its token_file and run"
    " `kaiwa accounts apply`; what waits goes out then, if its window allows"
)
_ASK = "run `kaiwa accounts check ACCOUNT`: it asks Meta now"


def examine(standing: Standing, now: datetime) -> list[Finding]:
    """Every finding, in the order in which a person would look; of an account that a person paused, only that."""
    if standing.state == "paused":
        return [_state(standing)]
    return [
        _state(standing),
        _login(standing, now),
        _permissions(standing),
        _eligibility(standing),
        _subscription(standing),
        _token(standing, now),
        limits(standing, now),
        _routing(standing),
        last_webhook(standing, now),
        last_send(standing, now),
        silence(standing, now),
    ]


def worst(findings: list[Finding]) -> Verdict:
    """The verdict on all of them; what nobody knows is less than a warning."""
    order: tuple[Verdict, ...] = ("bad", "warn", "unknown", "good")
    return next((verdict for verdict in order if any(f.verdict == verdict for f in findings)), "good")


def _state(s: Standing) -> Finding:
    held = f"; {s.held} messages wait" if s.held else ""
    match s.state:
        case "active":
            return Finding("state", "good", "active")
        case "paused":
            do = f"to send again: `kaiwa accounts resume {s.account_id}`, and its entry in the accounts file if it has one"
            return Finding("state", "warn", f"paused by a person: nothing is sent{held}", do)
        case "ineligible":
            return Finding("state", "bad", "ineligible: nothing is sent", "see eligibility")
        case "needs_reauth":
            return Finding("state", "bad", f"needs_reauth: nothing is sent{held}", "see login")
        case "restricted":  # pragma: no branch - mypy proves that there is no other
            do = (
                "its owner reads the notice in the app or in Account Status and does what it asks; once it is lifted,"
                f" say so: `kaiwa accounts resume {s.account_id} --lifted`. Do not send by other ways meanwhile"
            )
            return Finding("state", "bad", f"restricted by Meta: nothing is sent{held}", do)


def _login(s: Standing, now: datetime) -> Finding:
    how = f"Facebook Login, Page {s.page_id}" if s.login == "facebook" else "Instagram Login"
    if not s.has_token:
        return Finding(
            "login", "bad", f"{how}: the owner removed the app, its token is forgotten", _LOGIN_AGAIN
        )
    if s.valid is False and s.error is not None:
        return Finding("login", "bad", f"{how}: {explained(s.error)}", _remedy(s.error))
    if s.valid is False:
        return Finding("login", "bad", f"{how}: Meta does not take the token", _LOGIN_AGAIN)
    if s.valid is None or s.probed_at is None:
        return Finding("login", "unknown", f"{how}: Meta has not said", _ASK)
    if now - s.probed_at > ASKED_AGO:
        do = "Meta does not answer, or no dispatcher runs: look at its log for `probe_unanswered`"
        return Finding("login", "warn", f"{how}: worked {ago(s.probed_at, now)}, not asked since", do)
    return Finding("login", "good", f"{how}: works, asked {ago(s.probed_at, now)}")


def _permissions(s: Standing) -> Finding:
    if s.scopes is None:
        if s.login == "instagram":
            do = (
                "log it in once by `kaiwa accounts connect --login instagram`, which notes them; else compare by hand with"
                " what the token was made for"
            )
            return Finding(
                "permissions", "unknown", "Instagram Login names them only at a login, and none was seen", do
            )
        return Finding("permissions", "unknown", "Meta has not said", _ASK)
    missing = sorted(NEEDED[s.login] - s.scopes)
    if missing:
        do = f"log in again and leave every box ticked; {_LOGIN_AGAIN}"
        return Finding("permissions", "bad", f"missing: {', '.join(missing)}", do)
    lacking = sorted(USEFUL[s.login].keys() - s.scopes)
    if lacking:
        lost = "; ".join(dict.fromkeys(USEFUL[s.login][name] for name in lacking))
        do = f"if that is wanted, log in again and grant it. Without it: {lost}"
        return Finding("permissions", "warn", f"not granted: {', '.join(lacking)}", do)
    return Finding("permissions", "good", f"all {len(NEEDED[s.login]) + len(USEFUL[s.login])} granted")


def _eligibility(s: Standing) -> Finding:
    if s.eligible is False:
        do = (
            "check that it is a professional account, that its owner is an adult and that nothing restricts it; Meta"
            " opens creator accounts step by step. It is asked again every day and goes on by itself"
        )
        return Finding(
            "eligibility", "bad", f"Meta offers this account no messaging: {explained((36103, None))}", do
        )
    if s.eligible is None:
        return Finding("eligibility", "unknown", "Meta has not said", _ASK)
    return Finding("eligibility", "good", "the Conversations API answers")


def _subscription(s: Standing) -> Finding:
    if s.fields is None:
        return Finding("subscription", "unknown", "Meta has not said", _ASK)
    if not s.fields:
        do = (
            "the dispatcher subscribes again by itself; if that is refused, `kaiwa accounts connect`. Meta ends a"
            " subscription after an hour of failed deliveries: make sure that ingest answers"
        )
        return Finding("subscription", "bad", "the app is not subscribed: no webhook comes", do)
    # One field is enough to receive every field that the app has switched on (platform.md 1.1).
    return Finding("subscription", "good", f"subscribed with {len(s.fields)} fields")


def _token(s: Standing, now: datetime) -> Finding:
    ends = s.expires_at
    if not s.has_token:
        return Finding("token", "bad", "there is none", _LOGIN_AGAIN)
    if ends is None:
        waits = (
            "; it is refreshed once it is a day old, then its end is known" if s.login == "instagram" else ""
        )
        return Finding("token", "unknown", f"nobody has said when it ends{waits}", None if waits else _ASK)
    if ends == FOREVER:
        return Finding("token", "good", "does not end by itself")
    left = ends - now
    if left < TOKEN_ENDS:
        says = f"{left.days} days left" if left > timedelta(0) else f"ended {ago(ends, now)}"
        return Finding("token", "bad", f"{says}: it cannot be refreshed", _LOGIN_AGAIN)
    says = f"{left.days} days left"
    if s.login == "instagram" and left < TOKEN_LATE:
        do = "look in the dispatcher's log for `token_not_refreshed`; it is tried again until its end"
        return Finding("token", "warn", f"{says}: refreshing it fails", do)
    return Finding("token", "good", says)


def _routing(s: Standing) -> Finding:
    match s.routing:
        case "open":
            do = (
                "choose a default app: the Page's settings, Page Setup, Instagram Conversation Routing. Until then every"
                " connected app gets everything and may answer, too"
            )
            return Finding("routing", "bad", "zero-config: several apps, none of them the default", do)
        case "routed" if not s.default_app:
            do = "if Kaiwa should answer them: make it the default app at Meta, and say `default_app` in the accounts file"
            return Finding("routing", "warn", "another app is the default: idle threads are not ours", do)
        case "routed":
            return Finding("routing", "good", "routed, Kaiwa is the default app")
        case None:
            known = (
                "one app alone, or not asked yet" if s.login == "facebook" else "not told for Instagram Login"
            )
            return Finding("routing", "good", known)


def _remedy(error: tuple[int, int | None]) -> str:
    """Most ends of a login need a new one; one is a switch on the owner's phone."""
    if error == (200, 2534041):
        return (
            "the owner switches it on: Settings, Messages and story replies, Message controls, Connected tools, Allow"
            " access to messages. It is noticed by itself"
        )
    return _LOGIN_AGAIN
