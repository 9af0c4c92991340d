"""The rows of :mod:`health` about what goes in and out: limits, the last webhook, the last send, silence."""

from datetime import datetime, timedelta

from kaiwa.dispatcher.core.spans import ago, span
from kaiwa.dispatcher.core.standing import Finding, Standing
from kaiwa.meta.errors import explain

STUCK = timedelta(minutes=10)
"""A message that is due for so long does not wait for its turn."""

NEARLY_FULL = 80
"""Percent of a budget from which calls are slowed down (platform.md 4.3)."""

_LIMITS = {
    "text_per_second": "texts a second",
    "media_per_second": "media a second",
    "private_replies_per_hour": "private replies an hour",
    "live_replies_per_second": "replies a second to live comments",
    "conversations_per_second": "reads a second",
    "messages_per_day": "messages a day",
}


def limits(s: Standing, now: datetime) -> Finding:
    given = ", ".join(f"{_number(value)} {_LIMITS[name]}" for name, value in s.limits.items())
    if s.paused_until is not None and s.paused_until > now:
        do = "nothing: it goes on by itself. If it comes often, lower its `limits` or find out who else calls"
        return Finding(
            "limits", "bad", f"throttled by Meta for another {span(s.paused_until - now)}; {given}", do
        )
    if s.crowded_until is not None and s.crowded_until > now:
        do = "bulk messages wait until fewer were sent and received in a day; spread campaigns over more days"
        return Finding("limits", "warn", f"nearly as many messages as Instagram bears in a day; {given}", do)
    if s.percent is not None and s.percent >= NEARLY_FULL:
        do = "calls are slowed down by themselves; find out who else calls for this account or app"
        return Finding("limits", "warn", f"{s.percent:.0f} % of Meta's budget is used; {given}", do)
    return Finding("limits", "good", given)


def last_webhook(s: Standing, now: datetime) -> Finding:
    if s.heard_at is None:
        do = "write to the account from another one; if nothing comes, see subscription, and Message controls, Connected tools"
        return Finding("last webhook", "warn", "none so far", do)
    return Finding("last webhook", "good", ago(s.heard_at, now))


def last_send(s: Standing, now: datetime) -> Finding:
    if s.failed is not None and s.failed_at is not None and (s.sent_at is None or s.sent_at < s.failed_at):
        do = f"mend that and ask again; see `kaiwa sends list --account {s.account_id}`"
        return Finding("last send", "bad", f"refused {ago(s.failed_at, now)}: {explained(s.failed)}", do)
    if s.state == "active" and s.due_since is not None and now - s.due_since > STUCK and not _paused(s, now):
        do = f"see `kaiwa sends list --account {s.account_id}`, and whether a dispatcher runs"
        return Finding(
            "last send", "bad", f"a message is due for {span(now - s.due_since)} and does not go", do
        )
    return Finding("last send", "good", "none so far" if s.sent_at is None else ago(s.sent_at, now))


def silence(s: Standing, now: datetime) -> Finding:
    if s.heard_at is None or s.silent_from is None:
        return Finding("silence", "good", "too little traffic to tell")
    if now >= s.silent_from:
        do = (
            "see subscription; write to the account from another one; ask its owner about Message controls, Connected"
            " tools. If every account is silent, look at ingest and at the app's state in Meta's dashboard"
        )
        return Finding("silence", "bad", f"nothing for {span(now - s.heard_at)}, which is unusual for it", do)
    return Finding("silence", "good", f"unusual from {span(s.silent_from - s.heard_at)} without a webhook")


def _paused(s: Standing, now: datetime) -> bool:
    return s.paused_until is not None and s.paused_until > now


def explained(error: tuple[int, int | None]) -> str:
    code, subcode = error
    number = f"{code}" if subcode is None else f"{code}/{subcode}"
    return f"{explain(code, subcode).explanation} (error {number})"


def _number(value: float) -> str:
    return f"{value:g}"
