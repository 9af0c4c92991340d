"""Known holes in what uv.lock names, by pip-audit and the package index's own list of them.

An index without such a list (a mirror, no network) makes pip-audit skip every package and succeed all the same. So its
answer counts only where it looked at the packages; else the scan is SKIPPED and says so. What was found out holds for
a day, that nothing can be found out for an hour: lint stays fast and does not depend on the network's mood.
"""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from kaiwa.devstack.scans.scan import Finding, cache_folder

WHAT: Final = "dependencies"

_HOLDS: Final = 86_400.0
_HOLDS_SKIPPED: Final = 3_600.0
_MOST_SECONDS: Final = 120.0

Audit = Callable[[str], dict[str, Any] | None]
"""From pinned requirements to pip-audit's report; None where it could not be made."""


class Answer(msgspec.Struct, frozen=True):
    """What is kept: when it was found out, and what."""

    at: float
    problems: tuple[str, ...]
    skipped: str | None


def scan(
    root: Path, *, now: float | None = None, cache: Path | None = None, audit: Audit | None = None
) -> Finding:
    """Of the locked packages of the checkout ``root``; ``now`` in seconds since 1970."""
    moment = time.time() if now is None else now
    pins = pinned((root / "uv.lock").read_text("utf-8"))
    folder = cache or cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    entry = folder / f"dependencies-{hashlib.sha256(chr(10).join(pins).encode()).hexdigest()}.json"
    answer = _kept(entry, moment)
    if answer is None:
        answer = _ask(pins, moment, audit or run_pip_audit)
        entry.write_bytes(msgspec.json.encode(answer))
    return Finding(WHAT, answer.problems, answer.skipped)


def pinned(lock: str) -> list[str]:
    """``name==version`` of every package that comes from an index."""
    packages = msgspec.toml.decode(lock).get("package", [])
    return sorted(f"{one['name']}=={one['version']}" for one in packages if "registry" in one["source"])


def _kept(entry: Path, now: float) -> Answer | None:
    try:
        answer = msgspec.json.decode(entry.read_bytes(), type=Answer)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    holds = _HOLDS if answer.skipped is None else _HOLDS_SKIPPED
    return answer if 0 <= now - answer.at < holds else None


def _ask(pins: list[str], now: float, audit: Audit) -> Answer:
    """One package first: whether anybody answers costs a second, not one for each package."""
    found: list[str] = []
    for asked in (pins[:1], pins):
        report = audit("\n".join(asked))
        if report is None:
            return Answer(now, (), "pip-audit could not reach the package index")
        if not looked_at(report):
            return Answer(now, (), "the package index has no list of vulnerabilities")
        found = holes(report)
    return Answer(now, tuple(found), None)


def looked_at(report: dict[str, Any]) -> bool:
    """pip-audit skips what the index does not know, one by one; here nearly all are from there."""
    packages = report["dependencies"]
    return sum("vulns" in one for one in packages) * 2 > len(packages)


def holes(report: dict[str, Any]) -> list[str]:
    return [
        f"{one['name']} {one['version']} has {hole['id']}: "
        + (
            f"raise it to {' or '.join(hole['fix_versions'])}"
            if hole["fix_versions"]
            else "there is no fix yet"
        )
        for one in report["dependencies"]
        for hole in one.get("vulns", ())
    ]


def run_pip_audit(requirements: str) -> dict[str, Any] | None:
    """Nothing is installed or resolved: the versions are given."""
    options = [
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--timeout",
        "5",
        "--format",
        "json",
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "pip_audit", *options, "--requirement", "/dev/stdin"],
            input=requirements.encode(),
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
        report: dict[str, Any] = msgspec.json.decode(done.stdout)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        return None
    return report
