"""Meta's usage headers: how full the account's and the app's budgets are, and when a full one opens again.

Percentages of a rolling hour; both hosts' key sets occur; the regain time is in minutes (platform.md 4.3).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_APP = "x-app-usage"
_BUSINESS = "x-business-use-case-usage"
_REGAIN = "estimated_time_to_regain_access"
_SHARES = ("call_count", "total_time", "total_cputime", "call_volume", "cpu_time")
_OURS = frozenset({"messenger", "instagram", "pages"})
"""Budgets that messaging draws on; others (advertising, leads) may be full without concerning it."""

_MOST = 7 * 24 * 60  # minutes; more than a week is a mistake, and must not stop an account for ever


@dataclass(frozen=True)
class Usage:
    """Percent of the account's and of the app's budget, the fullest of each kind, and the time announced, if any."""

    account: float = 0.0
    app: float = 0.0
    regain: timedelta | None = None


def usage(headers: Mapping[str, str]) -> Usage | None:
    """What the headers of an answer say, None where they say nothing: Meta sends them after enough traffic only."""
    app, business = headers.get(_APP), headers.get(_BUSINESS)
    if app is None and business is None:
        return None
    entries = _entries(business)
    minutes = max((_number(entry.get(_REGAIN)) for entry in entries), default=0.0)
    return Usage(
        account=max((_share(entry) for entry in entries), default=0.0),
        app=max((_share(entry) for entry in _parsed(app)), default=0.0),
        regain=timedelta(minutes=min(minutes, _MOST)) if minutes > 0 else None,
    )


def regain(headers: Mapping[str, str]) -> timedelta | None:
    """The longest announced time until calls are accepted again, or None where nothing is announced."""
    said = usage(headers)
    return said.regain if said else None


def _entries(header: str | None) -> list[Mapping[str, Any]]:
    """One for each kind of use, whatever object it is of."""
    found: list[Mapping[str, Any]] = []
    for objects in _parsed(header):
        for value in objects.values():
            found += [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return [entry for entry in found if entry.get("type", "messenger") in _OURS]


def _parsed(header: str | None) -> Iterable[Mapping[str, Any]]:
    """The header's object, or nothing. Meta repeats keys: lists under equal ones are joined, not overwritten."""
    try:
        parsed = json.loads(header, object_pairs_hook=_joined) if header else None
    except (ValueError, RecursionError):
        return ()
    return (parsed,) if isinstance(parsed, dict) else ()


def _share(entry: Mapping[str, Any]) -> float:
    return max(_number(entry.get(name)) for name in _SHARES)


def _number(value: object) -> float:
    """0 for what is no number, or none that can be meant."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(min(value, _MOST))
    return 0.0


def _joined(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for key, value in pairs:
        before = joined.get(key)
        joined[key] = before + value if isinstance(before, list) and isinstance(value, list) else value
    return joined
