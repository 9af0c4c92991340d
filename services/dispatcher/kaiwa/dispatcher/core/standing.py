"""What is known of one account, and what is found of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.core.state import Routing

Verdict = Literal["good", "warn", "bad", "unknown"]


@dataclass(frozen=True)
class Finding:
    """``check`` is what was looked at, ``says`` how it is, ``do`` what a person does about it (None where it is well)."""

    check: str
    verdict: Verdict
    says: str
    do: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one account. Times are PostgreSQL's; None is "nobody knows" unless it says otherwise.

    ``error`` is Meta's last word against the login; ``fields`` the subscription's, empty where there is none;
    ``expires_at`` None where unknown, FOREVER where the token does not end; ``percent`` how full the fuller budget
    is; ``failed`` the newest refusal that somebody has to mend; ``due_since`` since when the oldest message that may go
    has not gone; ``held`` how many wait for the account; ``silent_from`` from when its silence is unusual.
    """

    account_id: str
    display_name: str
    login: Literal["facebook", "instagram"]
    app_id: str
    page_id: str | None
    state: State
    has_token: bool
    default_app: bool
    routing: Routing | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    paused_until: datetime | None = None
    crowded_until: datetime | None = None
    percent: float | None = None
    valid: bool | None = None
    expires_at: datetime | None = None
    scopes: frozenset[str] | None = None
    eligible: bool | None = None
    fields: frozenset[str] | None = None
    error: tuple[int, int | None] | None = None
    probed_at: datetime | None = None
    heard_at: datetime | None = None
    silent_from: datetime | None = None
    sent_at: datetime | None = None
    failed: tuple[int, int | None] | None = None
    failed_at: datetime | None = None
    due_since: datetime | None = None
    held: int = 0
