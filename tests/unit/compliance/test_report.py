"""The report's figures: each counted by hand from a small month, and each with the entries that it rests on."""

import csv
import io
import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaiwa.compliance.core.charts import bars, spans
from kaiwa.compliance.core.entries import Fact, commit, subject
from kaiwa.compliance.core.figures import Figure, Read, figures, quantile, ranges
from kaiwa.compliance.report.forms import as_csv, as_html, as_json

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
LAST = datetime(2026, 12, 1, tzinfo=UTC)
NONCE = b"n" * 32
HASHES = {"shop": "A" * 26, "atelier": "B" * 26}


def month(seed: int = 4) -> Read:
    """So many erasures and conversations as a small house has, with one of each trouble."""
    chance = random.Random(seed)
    entries: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []

    def enter(kind: str, at: datetime, told: str) -> None:
        entries.append({"kind": kind, "recorded_at": at, "commitment": commit(NONCE, told)})

    for n in range(60):
        at = FIRST + timedelta(days=chance.uniform(0, 29))
        case = {"erasure_id": f"E{n}", "account_hash": HASHES["shop"], "mid_hash": f"M{n}"}
        steps = {
            Fact.RECEIVED: 0.0,
            Fact.TOMBSTONED: chance.uniform(0.02, 0.4),
            Fact.VERIFIED: chance.uniform(2900, 3500),
        }
        if n != 7:
            steps[Fact.CLOSED] = steps[Fact.VERIFIED] + chance.uniform(1, 9000)
        for fact, seconds in steps.items():
            enter(fact, at + timedelta(seconds=seconds), subject(fact, *case.values()))
        state = "closed" if Fact.CLOSED in steps else "verified"
        cases.append(
            {
                **case,
                "scope": "customer" if n % 9 == 0 else "message",
                "reason": "unsent",
                "nonce": NONCE,
                "received_at": at,
                "due_at": at + timedelta(hours=1),
                "found": 0,
                "state": state,
            }
        )
    kinds = [("disclosure", "delivered", trigger) for trigger in ("start", "lapse", "after_human", "asked")]
    for n in range(90):
        kind, state, trigger = chance.choice(kinds)
        verdicts.append(_verdict(n, kind, state, trigger=trigger, name=chance.choice(list(HASHES))))
    verdicts += [
        _verdict(90, "disclosure", "missing", trigger="after_human", name="shop"),
        _verdict(91, "author", "typed", name="atelier", author=None),
        _verdict(92, "tag", "proper", name="shop", author="human", seconds=183_600),
        _verdict(93, "tag", "by_automation", name="atelier", author="automation", seconds=95_000),
    ]
    for row in verdicts:
        kind = f"audit.{row['kind']}.{row['state']}"
        enter(kind, row["at"], subject(kind, row["verdict_id"], row["account_hash"], row["subject_hash"]))
    entries.sort(key=lambda entry: entry["recorded_at"])
    for seq, entry in enumerate(entries):
        entry["seq"] = seq
    return Read(
        FIRST,
        LAST,
        entries=entries,
        cases=cases,
        duties=[
            {"holder": "dispatcher", "due_at": FIRST, "escalation": None, "status": "done", "at": FIRST},
            {"holder": "my-crm", "due_at": FIRST, "escalation": "late", "status": None, "at": None},
            {
                "holder": "my-crm",
                "due_at": LAST + timedelta(days=1),
                "escalation": None,
                "status": None,
                "at": None,
            },
        ],
        requests=[
            {"source": "callback", "state": "done", "refusal": None, "requests": 4},
            {"source": "list", "state": "refused", "refusal": "legal_hold", "requests": 1},
        ],
        verdicts=verdicts,
        cleared=[{"kind": "author", "state": "typed", "cleared": 2}],
        names={HASHES["shop"]: "Blue Moon", HASHES["atelier"]: "Atelier <Müller>"},
        now=LAST,
    )


def _verdict(
    n: int, kind: str, state: str, *, name: str, trigger: str | None = None, **fields: Any
) -> dict[str, Any]:
    given = {
        "verdict_id": f"V{n}",
        "kind": kind,
        "state": state,
        "is_finding": state in {"missing", "typed", "by_automation"},
        "account_hash": HASHES[name],
        "subject_hash": f"S{n}",
        "trigger": trigger,
        "text_id": "assistant.v1" if state == "delivered" else None,
        "language": "de" if state == "delivered" else None,
        "author": "automation",
        "seconds": None,
        "at": FIRST + timedelta(hours=n * 7),
        "nonce": NONCE,
    }
    return {**given, **fields}


READ = month()
TOLD = figures(READ)


def of(section: str, name: str, **labels: str) -> Figure:
    found = [
        f for f in TOLD if (f.section, f.name) == (section, name) and labels.items() <= dict(f.labels).items()
    ]
    assert len(found) == 1, found
    return found[0]


def numbers(entries: str) -> list[int]:
    bounds = [[int(each) for each in part.split("-")] for part in entries.split(",") if part]
    return [n for bound in bounds for n in range(bound[0], bound[-1] + 1)]


def test_what_was_counted() -> None:
    assert of("deletions", "erasure.received").value == 60
    assert of("deletions", "erasure.closed").value == 59
    assert of("deletions by scope", "customer").value == 7
    assert of("holders", "overdue", holder="my-crm").value == 1
    assert of("holders", "open", holder="my-crm").value == 2
    assert of("findings", "disclosure missing").value == 1
    assert of("findings cleared", "author typed").value == 2
    assert of("exceptions", "erasures past their deadline").value == 1
    assert of("human agent tag", "sends", author="human").value == 1
    assert of("human agent tag, each", "outside the window", judged="by_automation").value == 95_000
    due = of("disclosures", "due", account="Blue Moon", trigger="after_human")
    made = of("disclosures", "made in time", account="Blue Moon", trigger="after_human")
    assert made.value == float(due.value) - 1
    assert 0.02 <= float(of("time to tombstoned", "p50").value) <= 0.4


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("deletions", "erasure.closed"),
        ("findings", "disclosure missing"),
        ("human agent tag, each", "outside the window"),
    ],
)
def test_figures_name_their_entries(section: str, name: str) -> None:
    """Broken by: a figure that is counted from a table and only says that the ledger has it."""
    kinds = {"erasure.closed": "erasure.closed", "disclosure missing": "audit.disclosure.missing"}
    for figure in (each for each in TOLD if (each.section, each.name) == (section, name)):
        found = [READ.entries[seq]["kind"] for seq in numbers(figure.entries)]
        expected = kinds.get(name) or f"audit.tag.{figure.labels['judged']}"
        assert found
        assert set(found) == {expected}


def test_what_the_ledger_does_not_have_is_an_exception() -> None:
    """Broken by: trusting the tables: a row that was put in has no entry that it opens."""
    forged = {**READ.cases[0], "erasure_id": "FORGED"}
    told = figures(Read(**{**READ.__dict__, "cases": [*READ.cases, forged]}))
    assert [f.value for f in told if f.name == "erasures that the ledger does not have (yet)"] == [1]


def test_three_forms_say_the_same() -> None:
    page, told = as_html(READ, TOLD, None), as_json(READ, TOLD, None)
    rows = list(csv.DictReader(io.StringIO(as_csv(TOLD))))
    assert json.loads(json.dumps(told))["figures"][0]["entries"] == rows[0]["entries"]
    assert len(rows) == len(told["figures"]) == len(TOLD)
    assert "Atelier &lt;Müller&gt;" in page
    assert "Atelier <M" not in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 3
    assert f"up to, and without, {LAST:%Y-%m-%d %H:%M} UTC" in page, (
        "a month ends before the first of the next"
    )


def test_an_empty_month() -> None:
    empty = Read(FIRST, LAST, [], [], [], [], [], [], {}, LAST)
    page = as_html(empty, figures(empty), None)
    assert page.count("Nothing in this period.") >= 5
    assert "<svg" not in page


def test_ranges_and_quantiles() -> None:
    assert ranges([7, 1, 2, 3, 9, 10, 7]) == "1-3,7,9-10"
    assert ranges([]) == ""
    values = [float(n) for n in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.9, 0.99, 1.0)] == [50, 90, 99, 100]
    assert quantile([5.0], 0.5) == 5


def test_every_finding_and_exception_says_what_it_means() -> None:
    """Broken by: a number whose line nobody understands without the source."""
    rows = [
        each for each in figures(month()) if each.section in {"findings", "findings cleared", "exceptions"}
    ]
    assert {each.section for each in rows} == {"findings", "findings cleared", "exceptions"}
    assert all(each.labels["means"] for each in rows)


def test_charts_have_scales_that_can_be_read() -> None:
    """Broken by: half a number of erasures as a line's name; durations without a scale."""
    drawn = bars(["2026-11-01"], {"received": [5]}, title="By day")
    assert re.findall(r"<text[^>]*>(\d+)</text>", drawn) == ["0", "3", "6"]
    scale = spans([("verified", [("p50", 0.2, "0.20 s"), ("p99", 4000.0, "67 min")])], title="Times")
    assert re.findall(r'middle">([^<p]+)</text>', scale) == ["0.1 s", "1 s", "10 s", "1 min", "10 min", "1 h"]
