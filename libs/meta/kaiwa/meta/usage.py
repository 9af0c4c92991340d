"""Meta's usage headers: how full the account's and the app's budgets are, and when a full one opens again.

Percentages of a rolling hour; both hosts' key sets occur; the regain time is in minutes (platform.md 4.3).
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

_HEADER = "x-business-use-case-usage"
_MOST = 7 * 24 * 60  # minutes; more than a week is a mistake, and must not stop an account for ever


def regain(headers: Mapping[str, str]) -> timedelta | None:
    """The longest announced time until calls are accepted again, or None where nothing is announced."""
    minutes = [
        entry["estimated_time_to_regain_access"]
        for entries in _objects(headers.get(_HEADER))
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, dict) and _is_positive(entry.get("estimated_time_to_regain_access"))
    ]
    return timedelta(minutes=min(max(minutes), _MOST)) if minutes else None


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _objects(header: str | None) -> list[Any]:
    """The values of the header's object; Meta repeats keys, so equal ones are joined, not overwritten."""
    try:
        parsed = json.loads(header, object_pairs_hook=_joined) if header else {}
    except (ValueError, RecursionError):
        return []
    return list(parsed.values()) if isinstance(parsed, dict) else []


def _joined(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for key, value in pairs:
        before = joined.get(key)
        joined[key] = before + value if isinstance(before, list) and isinstance(value, list) else value
    return joined
