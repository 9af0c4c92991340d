"""What the database knows of accounts, as the core's values."""

from datetime import datetime

from kaiwa.dispatcher import rows
from kaiwa.dispatcher.core.limits import VOLUME
from kaiwa.dispatcher.core.standing import Standing
from kaiwa.dispatcher.core.state import FOREVER
from kaiwa.dispatcher.rows import Row

_LIMITS = ("text_per_second", "media_per_second", "private_replies_per_hour", "conversations_per_second")
_SAME = (
    "account_id", "display_name", "login", "app_id", "page_id", "state", "has_token", "default_app", "routing",
    "paused_until", "crowded_until", "percent", "eligible", "probed_at", "heard_at", "silent_from", "sent_at", "failed_at", "due_since",
    "held",
)  # fmt: skip


def standing(row: Row) -> Standing:
    """Of a row of `standings`."""
    limits = rows.limits(row)
    return Standing(
        **{name: row[name] for name in _SAME},
        limits={name: getattr(limits, name) for name in _LIMITS}
        | {"messages_per_day": row["limits"].get("messages_per_day", VOLUME.most)},
        valid=row["token_valid"],
        expires_at=end(row["token_expires_at"]),
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
        fields=None if row["fields"] is None else frozenset(row["fields"]),
        error=_error(row, "error"),
        failed=_error(row, "failed"),
    )


def end(stored: datetime | None) -> datetime | None:
    """When a token ends; asyncpg reads PostgreSQL's infinity as the last moment, without a zone."""
    return FOREVER if stored is not None and stored.replace(tzinfo=None) == datetime.max else stored  # noqa: DTZ901


def _error(row: Row, which: str) -> tuple[int, int | None] | None:
    code = row[f"{which}_code"]
    return None if code is None else (code, row[f"{which}_subcode"])
