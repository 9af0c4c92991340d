"""Meta's usage headers: how full the account's and the app's budgets are, and when a full one opens again.

Percentages of a rolling hour; both hosts' key sets occur; the regain time is in minutes (platform.md 4.3).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

_HEADER = "x-business-use-case-usage"


def regain(headers: Mapping[str, str]) -> timedelta | None:
    """The longest announced time until calls are accepted again, or None where nothing is announced."""
    minutes = [
        entry["estimated_time_to_regain_access"]
        for entries in _objects(headers.get(_HEADER))
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("estimated_time_to_regain_access"), int | float)
    ]
    longest = max(minutes, default=0)
    return timedelta(minutes=longest) if longest > 0 else None


def _objects(header: str | None) -> list[Any]:
    try:
        parsed = msgspec.json.decode(header) if header else {}
    except msgspec.DecodeError:
        return []
    return list(parsed.values()) if isinstance(parsed, dict) else []
