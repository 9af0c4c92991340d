"""What a scan says, and where it keeps what it need not find out again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """``problems``: one line each, with what to do. ``skipped``: why nothing could be looked at."""

    what: str
    problems: tuple[str, ...] = ()
    skipped: str | None = None


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Shared by all checkouts: entries are named after what was looked at."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "kaiwa" / "scans"


def strict(environ: Mapping[str, str] = os.environ) -> bool:
    """Where a skip is a failure: the switch of CI."""
    return environ.get("KAIWA_CI_STRICT", "") not in ("", "0")


def verdict(findings: tuple[Finding, ...], *, strict: bool) -> tuple[int, list[str]]:
    """The exit code, and the lines to show."""
    lines = []
    for one in findings:
        if one.skipped is not None:
            lines.append(f"{one.what}: SKIPPED, {one.skipped}")
        lines += [f"{one.what}: {problem}" for problem in one.problems]
        if one.skipped is None and not one.problems:
            lines.append(f"{one.what}: nothing found")
    failed = any(one.problems or (strict and one.skipped is not None) for one in findings)
    return int(failed), lines
