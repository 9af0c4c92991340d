"""Every place at which compliance can be killed is one at which a test kills it."""

import re
from pathlib import Path

import kaiwa.compliance.app

SOURCES = Path(kaiwa.compliance.app.__file__).parent
TESTS = Path(__file__).parents[2] / "integration/compliance"
POINT = re.compile(r"\"(compliance\.[a-z_]+)\"")


def named(folder: Path) -> set[str]:
    return {name for path in folder.rglob("*.py") for name in POINT.findall(path.read_text())}


def test_every_crash_point_is_crashed_at() -> None:
    """Broken by: a step that nobody kills behind."""
    points = named(SOURCES)
    assert len(points) > 10, "the pattern finds none"
    assert not points - named(TESTS)
