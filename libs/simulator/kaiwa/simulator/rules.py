"""When a checked message may go: account, window, tag, ownership, comment grant. Pure; time is an argument."""

from collections.abc import Collection

from kaiwa.simulator.body import Send
from kaiwa.simulator.errors import Rule, refuse
from kaiwa.simulator.model import DAY, Account, App, Comment, Thread
from kaiwa.simulator.tokens import MESSAGING

WINDOW = DAY
HUMAN_AGENT_WINDOW = 7 * DAY
COMMENT_WINDOW = 7 * DAY


def check_account(account: Account, app: App, scopes: frozenset[str]) -> None:
    """The account may use the messaging API (section 1.1 and error 36103), and this app's token may reach it."""
    if app.access == "standard" and not account.has_role:
        raise refuse(Rule.ACCOUNT, "Application does not have the capability to make this API call", code=3)
    if MESSAGING[account.login] not in scopes:
        raise refuse(Rule.ACCOUNT, f"Requires {MESSAGING[account.login]} permission", code=10, status=403)
    if not account.eligible:
        raise refuse(Rule.ACCOUNT, "This IG account is not eligible for API yet", code=36103)
    if not account.messages_allowed:
        raise refuse(Rule.ACCOUNT, "The owner has switched off access to messages", code=200, subcode=2534041)


def check_node(account: Account, node: str) -> None:
    """Facebook login sends to the Page's id, Instagram login to the account's own (section 2.1)."""
    if node in {"me", account.node}:
        return
    if node == account.account_id:
        raise refuse(Rule.PATH, "This id is no Page linked to an Instagram account", subcode=2534013)
    raise refuse(Rule.PATH, "This object does not exist or cannot be loaded", subcode=33)


def check_window(account: Account, thread: Thread, tag: str | None, now: float) -> None:
    """24 hours from the latest opening event by its own time; 7 days for a human agent (section 3).

    The edge is undocumented, so the box closes at exactly 24 hours: who relies on the edge is refused.
    """
    if tag == "HUMAN_AGENT" and not account.human_agent:
        raise refuse(Rule.TAG, "This app has no Human Agent feature", code=3)
    length = HUMAN_AGENT_WINDOW if tag else WINDOW
    if thread.opened_at is None or now - thread.opened_at >= length:
        raise refuse(
            Rule.WINDOW,
            "This message is sent outside of allowed window",
            code=10,
            subcode=2534022,
            status=403,
        )


def check_ownership(account: Account, thread: Thread, app_id: str, now: float) -> None:
    """With routing on the owner alone may send; in an idle thread the default app (section 6)."""
    if account.default_app is None:
        return
    owner = thread.owner(now)
    if owner is not None and owner != app_id:
        raise refuse(Rule.OWNERSHIP, "Another app is controlling this thread now", code=2018300)
    if owner is None and account.default_app != app_id:
        raise refuse(Rule.OWNERSHIP, "This app is not the thread owner", subcode=2534037)


def check_comment(comment: Comment | None, account: Account, now: float) -> Comment:
    """One private reply per comment, within 7 days, on a live only while it runs (section 2.4)."""
    if (
        comment is None
        or comment.account_id != account.account_id
        or not comment.open
        or now - comment.at >= COMMENT_WINDOW
    ):
        raise refuse(Rule.COMMENT, "This comment is not valid for a private reply", subcode=2534025)
    return comment


def check_references(account: Account, thread: Thread, send: Send, uploads: Collection[str]) -> None:
    """What the body points to exists and is the account's own."""
    for mid in (send.reply_to, send.reacts_to):
        message = None if mid is None else thread.find(mid)
        if mid is not None and (message is None or message.unsent):
            raise refuse(Rule.BODY, "There is no such message in this thread")
    if send.control is not None and account.default_app is None:
        raise refuse(Rule.BODY, "thread_control needs conversation routing")
    message_body = send.message or {}
    for part in [message_body.get("attachment", {}), *message_body.get("attachments", [])]:
        payload = part.get("payload", {})
        if "attachment_id" in payload and payload["attachment_id"] not in uploads:
            raise refuse(Rule.BODY, "This attachment is not yours", subcode=2018074)
        if part.get("type") == "MEDIA_SHARE" and payload["id"] not in account.media:
            raise refuse(Rule.BODY, "The shared post must be the account's own", subcode=2534015)
