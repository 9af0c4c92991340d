"""Times on the wire: RFC 3339 in UTC with milliseconds, ``2026-11-22T10:00:00.000Z``; in code, aware datetimes.

Meta gives milliseconds, seconds or a string of either; :func:`from_platform` takes all of them.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
FIRST_MS = 10**11
"""From here on a number is milliseconds (1973 as ms, the year 5138 as s)."""
_SECONDS = tuple(f"{number:02}." for number in range(60))
_MILLISECONDS = tuple(f"{number:03}Z" for number in range(1000))


def rfc3339(moment: datetime) -> str:
    """``moment`` (aware) as text, cut to the millisecond."""
    return _text(to_ms(moment))


def parse(text: str) -> datetime:
    """The aware moment that ``text`` names. Raises ValueError for anything else, a time without zone too."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a time needs a zone: write it as 2026-11-22T10:00:00.000Z"
        raise ValueError(msg)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        msg = "a time must lie between the years 1 and 9999 in UTC"
        raise ValueError(msg) from error


def from_ms(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def from_platform(value: object) -> datetime | None:
    """Meta's time: ms or s, as a number or as digits. None where it is not a time (source: platform.md 1.4)."""
    milliseconds = _platform_ms(value)
    try:
        return None if milliseconds is None else from_ms(milliseconds)
    except OverflowError:
        return None


def platform_rfc3339(value: object) -> str | None:
    """The same as text, without the way over a datetime: every event of a delivery needs it."""
    milliseconds = value if type(value) is int and value >= FIRST_MS else _platform_ms(value)
    if milliseconds is None:
        return None
    try:
        return _text(milliseconds)
    except OverflowError:
        return None


def _text(milliseconds: int) -> str:
    second, rest = divmod(milliseconds, 1000)
    return _second(second) + _MILLISECONDS[rest]


@lru_cache(maxsize=4096)
def _second(number: int) -> str:
    """``2026-11-22T10:00:00.``, the second of this number since 1970."""
    return _minute(number // 60) + _SECONDS[number % 60]


@lru_cache(maxsize=4096)
def _minute(number: int) -> str:
    """``2026-11-22T10:00:``, the minute of this number since 1970."""
    return from_ms(number * 60_000).isoformat()[: len("2026-11-22T10:00:")]


def _platform_ms(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= 16 else None  # noqa: PLR2004 - 16 digits of ms reach beyond year 9999
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    return value if value >= FIRST_MS else value * 1000
