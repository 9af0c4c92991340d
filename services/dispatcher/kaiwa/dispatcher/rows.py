"""Database rows as the core's values."""

from collections.abc import Mapping
from typing import Any

from kaiwa.dispatcher.core.decide import Decision, decide
from kaiwa.dispatcher.core.pace import Limits
from kaiwa.dispatcher.core.state import Account, Conversation, Intent, Policy

Row = Mapping[str, Any]

_DEFAULT_TEXT_RATE = {"facebook": 300.0, "instagram": 100.0}
"""Meta's pages disagree; the lower figure where there is no Page (platform.md 4.1)."""


def account(row: Row) -> Account:
    return Account(
        account_id=row["account_id"],
        state=row["account_state"],
        display_name=row["display_name"],
        locale=row["locale"],
        human_agent=row["human_agent"],
        default_app=row["default_app"],
        paused_until=row["paused_until"],
    )


def conversation(row: Row) -> Conversation:
    return Conversation(**{name: row[name] for name in Conversation.__dataclass_fields__})


def intent(row: Row) -> Intent:
    return Intent(**{name: row[name] for name in Intent.__dataclass_fields__})


def limits(row: Row) -> Limits:
    given = row["limits"]
    return Limits(
        text_per_second=given.get("text_per_second", _DEFAULT_TEXT_RATE[row["login"]]),
        media_per_second=given.get("media_per_second", Limits.media_per_second),
    )


def decision(row: Row, policy: Policy) -> Decision:
    """The decision about a request with its facts, by PostgreSQL's clock."""
    return decide(intent(row), conversation(row), account(row), policy, row["now"])
