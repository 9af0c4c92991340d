"""Access tokens and subscriptions: what a token may do and how long, and what the platform says of both (sections 1.1, 9).

A Page's token does not end by itself, one of Instagram Login lives for 60 days and is refreshed. Whoever owns the
account can end either at any moment.
"""

from typing import Any

import msgspec

from kaiwa.simulator.errors import GraphError, Rule, refuse
from kaiwa.simulator.model import DAY, Account, Host

LIFE = 60 * DAY
YOUNGEST = DAY
"""A token that is younger cannot be refreshed."""

SCOPES: dict[Host, frozenset[str]] = {
    "facebook": frozenset(
        {
            "instagram_basic",
            "instagram_manage_messages",
            "instagram_manage_comments",
            "pages_manage_metadata",
            "pages_messaging",
            "pages_read_engagement",
            "pages_show_list",
            "business_management",
        }
    ),
    "instagram": frozenset(
        {
            "instagram_business_basic",
            "instagram_business_manage_messages",
            "instagram_business_manage_comments",
        }
    ),
}

MESSAGING: dict[Host, str] = {
    "facebook": "instagram_manage_messages",
    "instagram": "instagram_business_manage_messages",
}
METADATA = "pages_manage_metadata"

_SAME = {"messages", "messaging_postbacks", "message_reactions", "messaging_optins", "standby"}
FIELDS: dict[Host, frozenset[str]] = {
    "facebook": frozenset(
        _SAME
        | {"message_edits", "message_reads", "message_echoes", "messaging_referrals", "messaging_handovers"}
        | {"messaging_policy_enforcement", "response_feedback", "feed", "mention"}
    ),
    "instagram": frozenset(
        _SAME
        | {"message_edit", "messaging_seen", "messaging_referral", "messaging_handover"}
        | {"comments", "live_comments", "mentions", "story_insights"}
    ),
}
"""What may be subscribed to: a Page spells its topic's fields, an account those of Instagram's (section 1.6, surprise 7)."""


class Token(msgspec.Struct, kw_only=True):
    """One token; `dead` is the code and subcode it is answered with since its owner ended it."""

    account_id: str
    app_id: str
    login: Host
    issued_at: float
    expires_at: float | None
    scopes: frozenset[str]
    dead: tuple[int, int | None] | None = None

    def fault(self, now: float) -> GraphError | None:
        """Why it is refused at this moment, if it is."""
        if self.dead is not None:
            code, subcode = self.dead
            status = 401 if code in {102, 190} else 403
            return refuse(
                Rule.AUTH, "The access token cannot be used", code=code, subcode=subcode, status=status
            ).error
        if self.expires_at is not None and self.expires_at <= now:
            return refuse(Rule.AUTH, "The access token has expired", code=190, subcode=463, status=401).error
        return None


def issue(account: Account, app_id: str, now: float) -> Token:
    """A new token of this account for an app."""
    return Token(
        account_id=account.account_id,
        app_id=app_id,
        login=account.login,
        issued_at=now,
        expires_at=now + LIFE if account.login == "instagram" else None,
        scopes=SCOPES[account.login] if account.scopes is None else account.scopes,
    )


def debugged(token: Token | None, account: Account | None, now: float) -> dict[str, Any]:
    """The answer of `debug_token`; of a token nobody knows it says only that."""
    if token is None or account is None:
        unknown = refuse(Rule.AUTH, "Invalid OAuth access token", code=190).error
        return {"data": {"is_valid": False, "scopes": [], "error": _plain(unknown)}}
    data: dict[str, Any] = {
        "app_id": token.app_id,
        "type": "PAGE",
        "is_valid": True,
        "issued_at": int(token.issued_at),
        "expires_at": 0 if token.expires_at is None else int(token.expires_at),
        "profile_id": account.node,
        "scopes": sorted(token.scopes),
    }
    if fault := token.fault(now):
        data |= {"is_valid": False, "error": _plain(fault)}
    return {"data": data}


def refreshed(token: Token | None, now: float) -> Token:
    """The token of Instagram Login that takes its place, or a refusal."""
    if token is None or token.login != "instagram":
        raise refuse(Rule.AUTH, "Invalid OAuth access token", code=190, status=401)
    if (fault := token.fault(now)) is not None:
        raise refuse(
            Rule.AUTH, "The access token has expired", code=fault.code, subcode=fault.subcode, status=401
        )
    if now - token.issued_at < YOUNGEST:
        raise refuse(Rule.AUTH, "This token is younger than 24 hours")
    return msgspec.structs.replace(token, issued_at=now, expires_at=now + LIFE)


def subscribed(fields: str, login: Host, scopes: frozenset[str]) -> frozenset[str]:
    """The fields of a subscription, checked; of a Page it needs a permission of its own."""
    if login == "facebook" and METADATA not in scopes:
        raise refuse(Rule.AUTH, f"Requires {METADATA} permission to manage the object", code=200, status=403)
    names = frozenset(name for name in fields.split(",") if name)
    if not names:
        raise refuse(Rule.BODY, "subscribed_fields must name a field")
    if unknown := sorted(names - FIELDS[login]):
        raise refuse(Rule.BODY, f"subscribed_fields: {unknown[0]} is no field")
    return names


def _plain(fault: GraphError) -> dict[str, Any]:
    return {"code": fault.code, "subcode": fault.subcode, "message": fault.message}
