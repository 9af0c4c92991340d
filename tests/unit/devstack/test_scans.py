"""The scans of `make lint`: what is planted is found, what is known is not, and what was not looked at is not called clean."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from kaiwa.devstack.scans import credentials, dependencies
from kaiwa.devstack.scans.credentials import Seen, problems
from kaiwa.devstack.scans.scan import Finding, strict, verdict

PRIVATE_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"
RANDOM = '"8843d7f92416211de9' + 'ebb963ff4ce28125932878"'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    subprocess.run(["git", "add", "--force", name], cwd=root, check=True)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", PRIVATE_KEY, True),
        ("a.py", RANDOM, True),
        ("tests/a.py", PRIVATE_KEY, True),
        ("tests/a.py", RANDOM, False),
        ("a.py", 'password = "example"', False),
        ("a.py", "nothing = 1", False),
    ],
)
def test_what_is_planted(checkout: Path, tmp_path: Path, name: str, text: str, *, found: bool) -> None:
    """Breaks when files are not looked at, or tests are looked at as if their passwords were any."""
    put(checkout, name, f"{text}\n")
    for _ in range(2):  # the second time from the cache
        lines = credentials.scan(checkout, cache=tmp_path / "cache").problems
        assert any(line.startswith(f"{name}:1 looks like a secret") for line in lines) == found
    for entry in (tmp_path / "cache").rglob("*"):
        assert entry.is_dir() or "8843d7" not in entry.read_text()


def test_what_is_not_under_version_control_is_not_looked_at(checkout: Path, tmp_path: Path) -> None:
    (checkout / "a.py").write_text(PRIVATE_KEY)
    assert not any("a.py" in line for line in credentials.scan(checkout, cache=tmp_path / "cache").problems)


def test_a_known_string_is_named_once_and_not_for_ever() -> None:
    """Breaks when the list of exceptions outlives what it excuses."""
    seen = {"a.py": [Seen("Private Key", 3, "d1")]}
    assert problems(seen, {"a.py": {"d1": "why"}}) == []
    [new] = problems(seen, {})
    assert new.startswith("a.py:3 looks like a secret (Private Key)")
    [gone] = problems(seen, {"a.py": {"d1": "why", "d2": "why"}})
    assert gone == "scans/known.toml knows d2 in a.py, which is not there any more: remove the line"


LOCK = """
[[package]]
name = "ours"
version = "0.1.0"
source = { editable = "libs/ours" }

[[package]]
name = "theirs"
version = "1.0"
source = { registry = "an index" }

[[package]]
name = "another"
version = "2.0"
source = { registry = "an index" }
"""
SOUND = {"name": "theirs", "version": "1.0", "vulns": []}
HOLED = {"name": "theirs", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "theirs", "skip_reason": "not found"}


class Auditor:
    """Says the same each time, and counts how often it was asked."""

    def __init__(self, *packages: dict[str, Any], away: bool = False) -> None:
        self.packages, self.away, self.asked = packages, away, 0

    def __call__(self, requirements: str) -> dict[str, Any] | None:
        assert requirements in ("another==2.0", "another==2.0\ntheirs==1.0")
        self.asked += 1
        return None if self.away else {"dependencies": list(self.packages)}


@pytest.mark.parametrize(
    ("auditor", "expected"),
    [
        (Auditor(SOUND, SOUND), Finding("dependencies")),
        (Auditor(SOUND, HOLED), Finding("dependencies", ("theirs 1.0 has PYSEC-1: raise it to 1.1",))),
        (Auditor(UNKNOWN), Finding("dependencies", (), "the package index has no list of vulnerabilities")),
        (Auditor(away=True), Finding("dependencies", (), "pip-audit could not reach the package index")),
    ],
)
def test_the_audit(tmp_path: Path, auditor: Auditor, expected: Finding) -> None:
    """Breaks when an index that knows nothing makes the packages sound, which is what pip-audit itself says."""
    (tmp_path / "uv.lock").write_text(LOCK)
    assert dependencies.scan(tmp_path, now=0, cache=tmp_path, audit=auditor) == expected


@pytest.mark.parametrize(
    ("auditor", "later", "asks_again"),
    [
        (Auditor(SOUND, SOUND), 86_000, False),
        (Auditor(SOUND, SOUND), 87_000, True),
        (Auditor(away=True), 3_500, False),
        (Auditor(away=True), 3_700, True),
    ],
)
def test_an_answer_holds_for_a_while(
    tmp_path: Path, auditor: Auditor, later: float, *, asks_again: bool
) -> None:
    (tmp_path / "uv.lock").write_text(LOCK)
    first = dependencies.scan(tmp_path, now=0, cache=tmp_path, audit=auditor)
    asked = auditor.asked
    assert dependencies.scan(tmp_path, now=later, cache=tmp_path, audit=auditor) == first
    assert (auditor.asked > asked) == asks_again


@pytest.mark.parametrize(
    ("finding", "is_strict", "code", "line"),
    [
        (Finding("x"), True, 0, "x: nothing found"),
        (Finding("x", ("bad",)), False, 1, "x: bad"),
        (Finding("x", (), "away"), False, 0, "x: SKIPPED, away"),
        (Finding("x", (), "away"), True, 1, "x: SKIPPED, away"),
    ],
)
def test_the_verdict(finding: Finding, code: int, line: str, *, is_strict: bool) -> None:
    assert verdict((finding,), strict=is_strict) == (code, [line])


@pytest.mark.parametrize(("value", "is_strict"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_the_switch(value: str | None, *, is_strict: bool) -> None:
    assert strict({} if value is None else {"KAIWA_CI_STRICT": value}) == is_strict
