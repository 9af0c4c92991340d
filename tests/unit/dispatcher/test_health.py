"""Every row of `kaiwa accounts check`, seen well and ill, with the words that say what to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaiwa.dispatcher.core.health import examine, worst
from kaiwa.dispatcher.core.spans import span
from kaiwa.dispatcher.core.standing import Finding, Standing
from kaiwa.dispatcher.core.state import FOREVER
from kaiwa.meta.permissions import NEEDED, USEFUL

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = NEEDED["facebook"] | USEFUL["facebook"].keys()

WELL = Standing(
    account_id="1784",
    display_name="Shop",
    login="facebook",
    app_id="1001",
    page_id="102",
    state="active",
    has_token=True,
    default_app=True,
    routing="routed",
    limits={"text_per_second": 300.0},
    valid=True,
    expires_at=FOREVER,
    scopes=ALL,
    eligible=True,
    fields=frozenset({"messages"}),
    probed_at=NOW - HOUR,
    heard_at=NOW - HOUR,
    silent_from=NOW + HOUR,
    sent_at=NOW - HOUR,
)
INSTAGRAM = replace(
    WELL,
    login="instagram",
    page_id=None,
    scopes=NEEDED["instagram"] | USEFUL["instagram"].keys(),
    routing=None,
    expires_at=NOW + 40 * DAY,
)


def found(check: str, standing: Standing) -> Finding:
    return next(finding for finding in examine(standing, NOW) if finding.check == check)


@pytest.mark.parametrize("standing", [WELL, INSTAGRAM])
def test_an_account_that_is_well_is_well_in_every_row(standing: Standing) -> None:
    findings = examine(standing, NOW)
    assert [finding for finding in findings if finding.verdict != "good" or finding.do] == []
    assert len({finding.check for finding in findings}) == 11
    assert worst(findings) == "good"


ILL: list[tuple[str, str, Standing, dict[str, Any], str]] = [
    ("state", "warn", WELL, {"state": "paused"}, "accounts resume 1784"),
    ("state", "bad", WELL, {"state": "ineligible"}, "eligibility"),
    ("state", "bad", WELL, {"state": "needs_reauth"}, "login"),
    ("state", "bad", WELL, {"state": "restricted"}, "notice"),
    ("login", "bad", WELL, {"has_token": False}, "logs in again"),
    ("login", "bad", WELL, {"valid": False, "error": (190, 460)}, "logs in again"),
    ("login", "bad", WELL, {"valid": False, "error": (200, 2534041)}, "Connected tools"),
    ("login", "bad", WELL, {"valid": False}, "logs in again"),
    ("login", "unknown", WELL, {"valid": None}, "accounts check"),
    ("login", "unknown", WELL, {"probed_at": None}, "accounts check"),
    ("login", "warn", WELL, {"probed_at": NOW - 3 * DAY}, "probe_unanswered"),
    ("permissions", "bad", WELL, {"scopes": ALL - {"instagram_manage_messages"}}, "every box"),
    ("permissions", "warn", WELL, {"scopes": ALL - {"pages_messaging"}}, "private replies"),
    ("permissions", "unknown", WELL, {"scopes": None}, "accounts check"),
    ("permissions", "unknown", INSTAGRAM, {"scopes": None}, "accounts connect"),
    ("permissions", "bad", INSTAGRAM, {"scopes": frozenset()}, "every box"),
    ("eligibility", "bad", WELL, {"eligible": False}, "professional account"),
    ("eligibility", "unknown", WELL, {"eligible": None}, "accounts check"),
    ("subscription", "bad", WELL, {"fields": frozenset()}, "subscribe"),
    ("subscription", "unknown", WELL, {"fields": None}, "accounts check"),
    ("token", "bad", WELL, {"has_token": False}, "logs in again"),
    ("token", "bad", WELL, {"expires_at": NOW + 6 * DAY}, "logs in again"),
    ("token", "bad", INSTAGRAM, {"expires_at": NOW - DAY}, "logs in again"),
    ("token", "warn", INSTAGRAM, {"expires_at": NOW + 20 * DAY}, "token_not_refreshed"),
    ("token", "unknown", WELL, {"expires_at": None}, "accounts check"),
    ("limits", "bad", WELL, {"paused_until": NOW + HOUR}, "goes on by itself"),
    ("limits", "warn", WELL, {"percent": 85.0}, "who else calls"),
    ("limits", "warn", WELL, {"crowded_until": NOW + HOUR}, "over more days"),
    ("routing", "bad", WELL, {"routing": "open"}, "default app"),
    ("routing", "warn", WELL, {"default_app": False}, "default_app"),
    ("last webhook", "warn", WELL, {"heard_at": None}, "write to the account"),
    ("last send", "bad", WELL, {"failed": (200, 2018028), "failed_at": NOW}, "sends list"),
    ("last send", "bad", WELL, {"due_since": NOW - HOUR}, "sends list"),
    ("silence", "bad", WELL, {"silent_from": NOW}, "subscription"),
]


@pytest.mark.parametrize(("check", "verdict", "base", "change", "do"), ILL)
def test_each_row_says_what_is_wrong_and_what_to_do(
    check: str, verdict: str, base: Standing, change: dict[str, Any], do: str
) -> None:
    """Broken by: a verdict that does not look at its fact, or advice for another trouble."""
    finding = found(check, replace(base, **change))
    assert (finding.verdict, finding.says != "") == (verdict, True)
    assert do in (finding.do or "")


def test_every_row_was_seen_ill() -> None:
    assert {check for check, verdict, *_ in ILL if verdict in ("bad", "warn")} == {
        finding.check for finding in examine(WELL, NOW)
    }


@pytest.mark.parametrize(
    ("check", "change", "says"),
    [
        ("token", {"login": "instagram", "expires_at": None}, "refreshed once it is a day old"),
        ("token", {"expires_at": NOW + 20 * DAY}, "20 days left"),
        ("last send", {"sent_at": None}, "none so far"),
        ("last send", {"failed": (100, None), "failed_at": NOW - 2 * HOUR}, "60 min ago"),
        ("last send", {"due_since": NOW - HOUR, "state": "needs_reauth"}, "60 min ago"),
        ("last send", {"due_since": NOW - HOUR, "paused_until": NOW + HOUR}, "60 min ago"),
        ("last send", {"due_since": NOW - timedelta(minutes=9)}, "60 min ago"),
        (
            "limits",
            {"paused_until": NOW - HOUR, "crowded_until": NOW - HOUR, "percent": 79.0},
            "300 texts a second",
        ),
        ("routing", {"routing": None}, "one app alone"),
        ("silence", {"silent_from": None}, "too little traffic"),
        ("state", {"state": "needs_reauth", "held": 3}, "3 messages wait"),
    ],
)
def test_what_is_no_trouble_or_says_more(check: str, change: dict[str, Any], says: str) -> None:
    assert says in found(check, replace(WELL, **change)).says


def test_the_error_is_named_for_whoever_asks_meta() -> None:
    assert "190/460" in found("login", replace(WELL, valid=False, error=(190, 460))).says


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_spans(length: timedelta, said: str) -> None:
    assert span(length) == said
