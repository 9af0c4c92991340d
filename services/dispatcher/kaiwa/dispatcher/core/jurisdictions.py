"""Who asks automation to disclose itself, where, since when and on which ground: data that a person reviews here.

Not legal advice. The customer's place is in no payload, so :data:`DEFAULT` holds everywhere, and an account's markets
only ever switch rules on. Sources are those of the platform's notes, section 7; a row that is changed gets a new
:data:`REVIEWED`. What was looked at and asks nothing of these messages is listed at the end, so that nobody adds it again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from kaiwa.contracts.outcomes import Trigger

REVIEWED = date(2026, 11, 25)


@dataclass(frozen=True)
class Jurisdiction:
    """``market``: ISO 3166 code, a state of the US as ``US-CA``, ``EU`` for all its members, ``*`` for everywhere.

    ``reminder``: how long after a disclosure the next one is due within a running conversation. ``companions``: binds
    bots that keep up a relationship, never those of customer service.
    """

    market: str
    name: str
    since: date
    triggers: frozenset[Trigger]
    demand: str
    source: str
    reminder: timedelta | None = None
    companions: bool = False


_START: frozenset[Trigger] = frozenset({"start"})
_ASKED: frozenset[Trigger] = frozenset({"asked"})
_THREE_HOURS = timedelta(hours=3)

DEFAULT = Jurisdiction(
    "*",
    "Meta, automated experiences",
    date(2019, 7, 1),
    frozenset({"start", "lapse", "after_human", "asked"}),
    "reveal at the start, after a considerable lapse, when a person hands over; best practice where no law asks",
    "Meta, Messenger Platform policy and Instagram Messaging guides; California and Germany are named there",
)

JURISDICTIONS: tuple[Jurisdiction, ...] = (
    Jurisdiction(
        "EU",
        "AI Act (Regulation 2024/1689), art. 50(1) and (5)",
        date(2026, 8, 2),
        _START,
        "clear, distinguishable, accessible, at the latest at the first interaction",
        "massai.ro; guidelines C(2026) 5054 of 20 July 2026",
    ),
    Jurisdiction(
        "DE",
        "Medienstaatsvertrag § 18(3)",
        date(2020, 11, 7),
        _START,
        "mark that a message is automated where the account looks like a person's",
        "telemedicus.info; optikernetz.de",
    ),
    Jurisdiction(
        "US-CA",
        "Bus. & Prof. Code 17940-17943 (SB 1001)",
        date(2019, 7, 1),
        _START,
        "clear, conspicuous, reasonably designed: a safe harbour for bots that sell",
        "leginfo.legislature.ca.gov; self-law.org",
    ),
    Jurisdiction(
        "US-CA",
        "Bus. & Prof. Code 22601-22606 (SB 243)",
        date(2026, 1, 1),
        _START,
        "notice where a person would be misled; known minors every 3 hours, and no payload tells an age",
        "ca.codecond.com",
        reminder=_THREE_HOURS,
        companions=True,
    ),
    Jurisdiction(
        "US-UT",
        "Utah Code 13-75 (SB 149, SB 226)",
        date(2024, 5, 1),
        _ASKED,
        "say it is AI, in writing, on a clear and unambiguous request",
        "everyailaw.com; lawivy.com",
    ),
    Jurisdiction(
        "US-ME",
        "10 MRS § 1500-DD (LD 1727)",
        date(2025, 9, 24),
        _START,
        "clear and conspicuous notice that it is no human; 23 or 24 September, sources differ",
        "plainstamp.pages.dev; verrill-law.com",
    ),
    Jurisdiction(
        "US-NY",
        "General Business Law art. 47, §§ 1700-1704",
        date(2025, 11, 5),
        _START,
        "at the start, and every 3 hours of a continued interaction",
        "nysenate.gov",
        reminder=_THREE_HOURS,
        companions=True,
    ),
    Jurisdiction(
        "US-WA",
        "HB 2225",
        date(2027, 1, 1),
        _START,
        "at the start, and every 3 hours (minors: every hour, and no payload tells an age)",
        "hunton; regulon.ai",
        reminder=_THREE_HOURS,
        companions=True,
    ),
    Jurisdiction(
        "US-OR",
        "SB 1546",
        date(2027, 1, 1),
        _START,
        "where a reasonable person could think it human; breaks, of no stated length",
        "spencerfane.com",
        companions=True,
    ),
    Jurisdiction(
        "KR",
        "AI Basic Act art. 31",
        date(2026, 1, 22),
        _START,
        "prior notice that a service is generative AI; binds abroad",
        "rawctx hub; sipoch.com",
    ),
)

EU = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
    }
    | {"LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""Members of the Union and of the EEA."""

NOTHING_ASKED = {
    "US-CO": "SB 24-205 was repealed by SB 26-189 on 14 May 2026; automated decisions, not chat",
    "US-UT 13-72a": "mental-health chatbots",
    "US-CT, US-GA, US-ID, US-IA": "companions and minors; to be looked at before such a bot is built",
    "JP, GB, CH": "no statute; the default follows Meta's practice",
}
"""What was looked at and is no row."""


@dataclass(frozen=True)
class Rules:
    """What holds for an account: when disclosure is due, and on whose demand."""

    triggers: frozenset[Trigger]
    reminder: timedelta | None
    grounds: tuple[str, ...]


@lru_cache(maxsize=1024)
def rules(markets: tuple[str, ...], *, companion: bool, today: date) -> Rules:
    """The default and all that the markets switch on, as far as it is in force."""
    binding = [
        row
        for row in JURISDICTIONS
        if row.since <= today and (companion or not row.companions) and _covers(row.market, markets)
    ]
    reminders = [row.reminder for row in binding if row.reminder is not None]
    return Rules(
        DEFAULT.triggers.union(*(row.triggers for row in binding)),
        min(reminders, default=None),
        tuple(dict.fromkeys(row.market for row in (DEFAULT, *binding))),
    )


def _covers(market: str, markets: Collection[str]) -> bool:
    """A member state is in the Union; who sells to the whole of the US sells to each of its states."""
    names = {name.upper() for name in markets}
    if market == "EU":
        return bool(names & (EU | {"EU"}))
    return market in names or (market.startswith("US-") and "US" in names) or (market in EU and "EU" in names)
