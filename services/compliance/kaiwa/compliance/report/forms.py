"""The figures as a page, as JSON and as CSV; all three say the same."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import jinja2
import msgspec

from kaiwa.compliance.core import charts
from kaiwa.compliance.core.entries import Fact
from kaiwa.compliance.core.figures import Figure, Read, days
from kaiwa.compliance.report.readable import counted, duration, moment
from kaiwa.contracts.erasures import Checkpoint
from kaiwa.contracts.times import rfc3339

_FOLDER: Final = files("kaiwa.compliance.report")
_COVERED: Final = ("due", "made in time", "coverage")
_DRAWN: Final = (Fact.RECEIVED, Fact.VERIFIED, Fact.CLOSED)


@dataclass(frozen=True)
class _Section:
    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    chart: str = ""
    legend: Sequence[str] = ()


def as_json(read: Read, figures: Sequence[Figure], head: Checkpoint | None) -> dict[str, Any]:
    """For machines: every figure with its section, labels and entries."""
    return {
        "from": rfc3339(read.first),
        "to": rfc3339(read.last),
        "made_at": rfc3339(read.now),
        "checkpoint": msgspec.to_builtins(head),
        "days": days(read),
        "figures": [msgspec.to_builtins(figure) for figure in figures],
    }


def as_csv(figures: Sequence[Figure]) -> str:
    """A row for each figure; labels as ``name=value``."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["section", "figure", "labels", "value", "unit", "entries"])
    for each in figures:
        labels = "; ".join(f"{name}={value}" for name, value in each.labels.items() if value)
        writer.writerow([each.section, each.name, labels, each.value, each.unit, each.entries])
    return out.getvalue()


def as_html(read: Read, figures: Sequence[Figure], head: Checkpoint | None) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(_FOLDER.joinpath("page.html").read_text("utf-8"))
    return template.render(
        first=read.first.strftime("%Y-%m-%d"),
        last=read.last.strftime("%Y-%m-%d"),
        since=moment(read.first.isoformat()),
        until=moment(read.last.isoformat()),
        made=moment(read.now.isoformat()),
        head=head,
        style=_FOLDER.joinpath("page.css").read_text("utf-8"),
        tiles=_tiles(figures),
        sections=_sections(read, figures),
        counted=counted,
    )


def _tiles(figures: Sequence[Figure]) -> list[Mapping[str, object]]:
    closed = _total(figures, "deletions", Fact.CLOSED.value)
    due, made = _total(figures, "disclosures", "due"), _total(figures, "disclosures", "made in time")
    findings = sum(int(each.value) for each in figures if each.section == "findings")
    overdue = _total(figures, "holders", "overdue") + _total(
        figures, "exceptions", "erasures past their deadline"
    )
    verified = next(
        (each for each in figures if (each.section, each.name) == ("time to verified", "p99")), None
    )
    return [
        {"name": "erasures closed", "value": f"{closed:,}", "warn": False},
        {
            "name": "to verified, 99 of 100",
            "value": duration(float(verified.value)) if verified else "–",
            "warn": False,
        },
        {
            "name": "disclosed in time",
            "value": f"{100 * made / due:.1f} %" if due else "–",
            "warn": made < due,
        },
        {"name": "open findings", "value": f"{findings:,}", "warn": findings > 0},
        {"name": "past a deadline", "value": f"{overdue:,}", "warn": overdue > 0},
    ]


def _sections(read: Read, figures: Sequence[Figure]) -> list[_Section]:
    of = {name: [each for each in figures if each.section == name] for name in {f.section for f in figures}}

    def get(name: str) -> list[Figure]:
        return of.get(name, [])

    return [
        _Section(
            "Deletions",
            "Entries of the ledger by day: noticed, found gone by the verifier, closed by every holder's receipt.",
            ("step", "erasures", "ledger"),
            [(each.name, f"{each.value:,}", each.entries) for each in get("deletions") if each.value],
            *_by_day(read),
        ),
        _Section(
            "How long it took",
            "From noticing an erasure to each step, of all that reached it. The scale is logarithmic.",
            ("step", "p50", "p90", "p99", "longest", "ledger"),
            _times(figures),
            _spans(figures),
        ),
        _Section(
            "Requests of people",
            "What came in by callback, list or operator, and where it stands.",
            ("source", "state", "why refused", "requests"),
            [
                (each.labels["source"], each.name, each.labels["refusal"], f"{each.value}")
                for each in get("requests")
            ],
        ),
        _Section(
            "Holders",
            "Who holds data, and who still owes a receipt.",
            ("holder", "what", "receipts"),
            [(each.labels["holder"], each.name, f"{each.value}") for each in get("holders")],
        ),
        _Section(
            "Disclosure",
            "Automated messages at which a disclosure was due, by account and by what made it due, recomputed from the topics.",
            ("account", "trigger", "due", "made in time", "coverage", "ledger"),
            _coverage(get("disclosures")),
            _shares(get("disclosures")),
        ),
        _Section(
            "Wordings",
            "Which text in which language was used.",
            ("text", "language", "disclosures", "ledger"),
            [
                (each.labels["text"], each.labels["language"], f"{each.value}", each.entries)
                for each in get("disclosures by text")
            ],
        ),
        _Section(
            "The HUMAN_AGENT tag",
            "Every tagged send: who wrote it, and how far outside the 24 hours it went.",
            ("at", "account", "author", "judged", "outside", "ledger"),
            [
                (
                    moment(each.labels["at"]),
                    each.labels["account"],
                    each.labels["author"],
                    each.labels["judged"],
                    duration(float(each.value)) if each.value != "" else "",
                    each.entries,
                )
                for each in get("human agent tag, each")
            ],
        ),
        _Section(
            "Findings and exceptions",
            "What nothing has cleared, for a person to look at; what was cleared; and what is late.",
            ("what", "means", "number", "ledger"),
            [
                (each.name, each.labels.get("means", ""), f"{each.value}", each.entries)
                for name in ("findings", "findings cleared", "exceptions")
                for each in get(name)
            ],
        ),
    ]


def _times(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """A row for each step, its quantiles side by side."""
    steps: dict[str, list[Figure]] = {}
    for each in figures:
        if each.section.startswith("time to "):
            steps.setdefault(each.section.removeprefix("time to "), []).append(each)
    return [
        (step, *(duration(float(each.value)) for each in those), those[0].entries)
        for step, those in steps.items()
    ]


def _coverage(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """A row for each account and trigger."""
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for each in figures:
        rows.setdefault((each.labels["account"], each.labels["trigger"]), {})[each.name] = each
    return [
        (*key, *(f"{row[name].value}{row[name].unit}" for name in _COVERED), row["due"].entries)
        for key, row in rows.items()
    ]


def _by_day(read: Read) -> tuple[str, Sequence[str]]:
    by_day = days(read)
    if not by_day:
        return "", ()
    names = [fact.value.partition(".")[2] for fact in _DRAWN]
    series = {
        name: [day.get(fact.value, 0) for day in by_day.values()]
        for name, fact in zip(names, _DRAWN, strict=True)
    }
    return charts.bars(list(by_day), series, title="Erasures by day"), names


def _spans(figures: Sequence[Figure]) -> str:
    rows: dict[str, list[tuple[str, float, str]]] = {}
    for each in figures:
        if each.section.startswith("time to "):
            value = float(each.value)
            rows.setdefault(each.section.removeprefix("time to "), []).append(
                (each.name, value, duration(value))
            )
    return charts.spans(list(rows.items()), title="Time from noticed to each step") if rows else ""


def _shares(figures: Sequence[Figure]) -> str:
    due = {tuple(each.labels.items()): int(each.value) for each in figures if each.name == "due"}
    made = {tuple(each.labels.items()): int(each.value) for each in figures if each.name == "made in time"}
    rows = [(" · ".join(value for _, value in key), made.get(key, 0), total) for key, total in due.items()]
    return charts.shares(rows, title="Disclosures made in time") if rows else ""


def _total(figures: Sequence[Figure], section: str, name: str) -> int:
    return sum(int(each.value) for each in figures if (each.section, each.name) == (section, name))
