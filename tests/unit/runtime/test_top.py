"""From the text of `/metrics` to what `kaiwa top` shows; expectations are worked out by hand."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.files import state_folder
from kaiwa.runtime.metrics import expose
from kaiwa.runtime.top.addresses import USUAL, Address, addresses, parse
from kaiwa.runtime.top.figures import Amount, Line, Look, Row, row
from kaiwa.runtime.top.frame import Frame, shown
from kaiwa.runtime.top.lines.all import QUESTIONS
from kaiwa.runtime.top.scrapes import Away, Scrape, Unreadable, read

OURS = "kaiwa_loop_lag_seconds_count 1\n"
SENDS = "kaiwa_dispatcher_sends_total"
CALLS = Line(what="calls", metric=SENDS, way="rate", by="outcome")
DOUBT = Line(what="in doubt", metric="kaiwa_dispatcher_in_doubt", way="most", limit=2)


def scrape(text: str, at: float = 0.0, not_ready: str | None = None) -> Scrape:
    return read(OURS + text, at=at, not_ready=not_ready)


def look(now: str, before: str | None = None, *, seconds: float = 10.0) -> Look:
    earlier = None if before is None else scrape(before)
    return Look("a", "http://a", scrape(now, at=seconds), earlier)


def sends(**outcomes: float) -> str:
    return "".join(f'{SENDS}{{outcome="{name}",lane="human"}} {n}\n' for name, n in outcomes.items())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("\n\n# only a comment\n", id="a comment"),
        pytest.param("<!doctype html><html><body>Welcome</body></html>", id="a page"),
        pytest.param('{"status": "ok"}', id="JSON"),
        pytest.param("up 1\nnode_load1 0.5\n", id="another program's metrics"),
        pytest.param(f"{OURS}kaiwa_outbox_lag\n", id="no value"),
        pytest.param(f"{OURS}kaiwa_outbox_lag many\n", id="no number"),
        pytest.param(f'{OURS}{SENDS}{{outcome="sent\n', id="cut off in a label"),
        pytest.param(f"{OURS}{SENDS}{{outcome=sent}} 1\n", id="a label without quotes"),
    ],
)
def test_what_is_not_ours_is_said_to_be_unreadable(text: str) -> None:
    """Broken by: an exception of the parser that ends the whole dashboard."""
    with pytest.raises(Unreadable, match="what answers there"):
        read(text, at=0)


@pytest.mark.parametrize("service", ["ingest", "dispatcher", "compliance"])
def test_what_each_service_shows_is_read(service: str) -> None:
    assert read(expose(service).decode(), at=3.0).service == service


def test_what_is_no_number_is_left_out() -> None:
    assert row(DOUBT, [look("kaiwa_dispatcher_in_doubt NaN\n")]).amount.value is None


@pytest.mark.parametrize(
    ("now", "before", "whole", "parts"),
    [
        pytest.param(
            sends(sent=30, failed=5),
            sends(sent=10, failed=5),
            Amount(2.0, 35),
            {"sent": Amount(2.0, 30), "failed": Amount(0.0, 5)},
            id="two scrapes",
        ),
        pytest.param(sends(sent=30), None, Amount(None, 30), {"sent": Amount(None, 30)}, id="the first one"),
        pytest.param(
            sends(sent=4), sends(sent=100), Amount(0.4, 4), {"sent": Amount(0.4, 4)}, id="it began again"
        ),
        pytest.param(
            sends(sent=10, again=5),
            sends(sent=10),
            Amount(0.5, 15),
            {"sent": Amount(0.0, 10), "again": Amount(0.5, 5)},
            id="a new outcome",
        ),
        pytest.param(f"# TYPE {SENDS} counter\n", "", Amount(0.0, 0), {}, id="nothing happened yet"),
        pytest.param("", "", Amount(None, None), {}, id="a service without it"),
    ],
)
def test_a_rate_is_of_two_scrapes(
    now: str, before: str | None, whole: Amount, parts: dict[str, Amount]
) -> None:
    """Broken by: a restart that shows as a negative rate, or a first scrape as a burst."""
    assert row(CALLS, [look(now, before)]) == Row(CALLS, whole, parts)


def test_two_scrapes_of_one_moment_make_no_rate() -> None:
    assert row(CALLS, [look(sends(sent=9), sends(sent=1), seconds=0.0)]).amount == Amount(None, 9)


def test_processes_add_up_and_those_that_are_away_add_nothing() -> None:
    one, two = look(sends(sent=30), sends(sent=10)), look(sends(sent=20), sends(sent=10), seconds=5.0)
    gone = Look("b", "http://b", Away(0.0, "refused"))
    assert row(CALLS, [one, two, gone]).amount == Amount(4.0, 50)  # 20 in 10 s and 10 in 5 s


@pytest.mark.parametrize(
    ("way", "unit", "texts", "found"),
    [
        ("most", "", ['g{by="x"} 3\ng{by="y"} 1\n', 'g{by="x"} 3\ng{by="y"} 2\n'], 5.0),
        ("most", "s", ['g{by="x"} 3\ng{by="y"} 1\n', 'g{by="x"} 2\n'], 3.0),
        ("least", "s", ['g{by="x"} 900\ng{by="y"} 4\n', 'g{by="x"} 5\ng{by="y"} 1\n'], 5.0),
        ("most", "%", ['g{by="x"} 0.8\ng{by="y"} 0.5\n'], 0.8),
        ("sum", "", ["g 2\n", "g 3\n"], 5.0),
        ("most", "", ["# TYPE g gauge\n"], 0.0),
        ("least", "s", ["# TYPE g gauge\n"], None),
        ("most", "", ["other 1\n"], None),
    ],
)
def test_a_gauge_is_put_together_as_it_is_meant(
    way: str, unit: str, texts: list[str], found: float | None
) -> None:
    """Every process counts all accounts, so two of them are no more; of the sweeper's ages the elected one's counts."""
    line = Line(what="g", metric="g", way=way, by="by", unit=unit)  # type: ignore[arg-type]  # of a table
    assert row(line, [look(text) for text in texts]).amount.value == found


def buckets(*counts: float) -> str:
    ends = ("0.1", "1.0", "5.0", "+Inf")
    return "".join(f'h_bucket{{le="{end}"}} {n}\n' for end, n in zip(ends, counts, strict=True))


@pytest.mark.parametrize(
    ("now", "before", "p99"),
    [
        pytest.param(buckets(0, 100, 100, 100), buckets(0, 0, 0, 0), 0.1 + 0.9 * 0.99, id="in one bucket"),
        pytest.param(buckets(98, 98, 100, 100), buckets(0, 0, 0, 0), 1.0 + 4.0 * 0.5, id="between two"),
        pytest.param(buckets(9, 9, 9, 10), buckets(9, 9, 9, 9), 5.0, id="above the last bound"),
        pytest.param(buckets(9, 9, 9, 9), buckets(9, 9, 9, 9), None, id="nothing happened"),
        pytest.param(buckets(9, 9, 9, 9), None, None, id="the first scrape"),
    ],
)
def test_a_quantile_is_of_what_happened_in_between(now: str, before: str | None, p99: float | None) -> None:
    value = row(Line(what="h", metric="h", way="p99"), [look(now, before)]).amount.value
    assert value == (None if p99 is None else pytest.approx(p99))


def drawn(looks: list[Look], width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - nowhere
    with console.file:
        console.print(Frame(looks))
    return console.export_text()


@pytest.mark.parametrize("width", [80, 120, 170])
def test_a_frame_shows_every_line_and_what_alarms(width: int) -> None:
    """Broken by: a line that is squeezed out, or a limit that shows in nothing."""
    waiting = scrape("kaiwa_dispatcher_in_doubt_age_seconds 1200\n", at=1.0, not_ready="no partitions")
    frame = drawn(
        [Look("dispatcher", "http://d:8081", waiting), Look("x", "http://x", Away(0, "gone"))], width
    )
    for question, lines in QUESTIONS.items():
        assert question in frame
        assert all(line.what in frame for line in lines)
    assert "see KaiwaDoubtLasts" in frame
    assert "20 min" in frame
    if width > 80:
        assert "not ready: no partitions" in frame
        assert "away: gone" in frame


def test_a_frame_is_plain_json_too() -> None:
    frame = Frame([look(sends(sent=30), sends(sent=10)), Look("b", "http://b", Away(0.0, "refused"))])
    told = json.loads(json.dumps(frame.plain()))
    assert [(each["name"], each["up"], each["why"]) for each in told["processes"]] == [
        ("a", True, None),
        ("b", False, "refused"),
    ]
    calls = next(each for each in told["questions"]["Are messages going out?"] if each["what"] == "calls")
    assert calls["by"] == {"sent": {"now": 2.0, "total": 30}}
    assert frame.away == ["b"]
    assert frame.not_ready == []


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "s", "–"),
        (0.0, "s", "0 s"),
        (0.0123, "s", "0.0123 s"),
        (59.0, "s", "59 s"),
        (90.0, "s", "1.5 min"),
        (7200.0, "s", "2 h"),
        (864000.0, "s", "10 d"),
        (float("inf"), "", "∞"),
        (1234.5, "/s", "1,234.5 /s"),
        (1234.0, "", "1,234"),
        (0.85, "%", "85%"),
    ],
)
def test_figures_for_people(value: float | None, unit: str, said: str) -> None:
    assert shown(value, unit) == said


@pytest.mark.parametrize(
    ("said", "name", "url"),
    [
        ("http://h:1", "", "http://h:1"),
        ("http://h:1/metrics", "", "http://h:1"),
        ("a-2=https://h/kaiwa/", "a-2", "https://h/kaiwa"),
        ("http://h:1/?a=b", "", "http://h:1/?a=b"),
        ("http://[::1]:8080", "", "http://[::1]:8080"),
    ],
)
def test_an_address(said: str, name: str, url: str) -> None:
    assert parse(said) == Address(name, url)


@pytest.mark.parametrize(
    "said", ["", "h:1", "ftp://h", "http://", "a=", "http://h:99999", "http://[::1", "file:///etc/passwd"]
)
def test_what_is_no_address_is_said(said: str) -> None:
    with pytest.raises(SettingsError, match="is no address"):
        parse(said)


@pytest.mark.parametrize(
    "state",
    [None, "", "{", "[]", "{}", '{"environment": []}', '{"environment": {"KAIWA_TOP_URL": ""}}'],
)
def test_without_anything_up_the_usual_ports_are_asked(tmp_path: Path, state: str | None) -> None:
    file = tmp_path / "state.json"
    if state is not None:
        file.write_text(state)
    assert addresses([], file) == [parse(each) for each in USUAL]


def test_what_is_up_is_asked_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    file = state_folder("platform", {"XDG_STATE_HOME": str(tmp_path)}) / "state.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"environment": {"KAIWA_TOP_URL": "a=http://h:1 b=http://h:2"}}))
    assert addresses([], file) == [Address("a", "http://h:1"), Address("b", "http://h:2")]
    assert addresses(["http://h:3"], file) == [Address("", "http://h:3")]
