"""Times, durations and ranges as people read them."""

from datetime import UTC, datetime


def moment(at: str) -> str:
    """``at``: ISO 8601 with its zone."""
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: float) -> str:
    """In the largest unit of which there are two."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.2f} s" if abs(seconds) < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - no finer than anybody reads


def counted(entries: str) -> str:
    """How many entries such ranges are."""
    bounds = [[int(each) for each in part.split("-")] for part in entries.split(",")]
    count = sum(bound[-1] - bound[0] + 1 for bound in bounds)
    return "1 entry" if count == 1 else f"{count:,} entries"
