"""One frame: the processes, and the questions with their answers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from kaiwa.runtime.top.figures import Amount, Line, Look, Row, row
from kaiwa.runtime.top.lines.all import QUESTIONS
from kaiwa.runtime.top.scrapes import Away

_WIDE: Final = 150  # columns from which on two tables stand side by side
_WHAT, _NOW = len("Which account is in trouble?"), len("1,234.5 s/s")
_PARTS: Final = 4
_UNKNOWN: Final = "–"
_STEPS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))

_LAG = Line(what="loop", metric="kaiwa_loop_lag_seconds", way="p99", unit="s", limit=0.1)
_MEMORY = Line(what="memory", metric="process_resident_memory_bytes", way="most")
_CPU = Line(what="cpu", metric="process_cpu_seconds_total", way="rate")
_KAFKA = Line(what="kafka", metric="kaiwa_kafka_connected", way="least")
_BUSY = Line(what="busy", metric="kaiwa_pool_busy_size", way="sum")
_POOL = Line(what="pool", metric="kaiwa_pool_size", way="sum")


class Frame:
    """What `looks` tell. A rich renderable, two columns where there is room; `plain` is the same for machines."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = looks
        self.answers: Mapping[str, list[Row]] = {
            question: [row(line, looks) for line in lines] for question, lines in QUESTIONS.items()
        }

    @property
    def away(self) -> list[str]:
        return [look.name for look in self._looks if isinstance(look.now, Away)]

    @property
    def not_ready(self) -> list[str]:
        return [look.name for look in self._looks if not isinstance(look.now, Away) and look.now.not_ready]

    def plain(self) -> dict[str, Any]:
        return {
            "processes": [_process(look) for look in self._looks],
            "questions": {
                question: [_answer(each) for each in rows] for question, rows in self.answers.items()
            },
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        tables = [_table(question, rows) for question, rows in self.answers.items()]
        yield _processes(self._looks)
        if options.max_width < _WIDE:
            yield from tables
            return
        health, messages, compliance, accounts = tables
        sides = Table.grid(expand=True, padding=(0, 1))
        sides.add_column(ratio=1)
        sides.add_column(ratio=1)
        sides.add_row(Group(health, messages), Group(compliance, accounts))
        yield sides


def _processes(looks: Sequence[Look]) -> Table:
    heads = ("process", "", "Kafka", "database", "loop p99", "CPU", "memory", "where")
    table = Table(*heads, box=SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    for look in looks:
        kafka, busy, pool = (_one(line, look) for line in (_KAFKA, _BUSY, _POOL))
        memory, cpu = _one(_MEMORY, look), _one(_CPU, look)
        table.add_row(
            look.name,
            _standing(look),
            _UNKNOWN if kafka is None else Text("reached", "green") if kafka else Text("away", "red"),
            _UNKNOWN if not pool else f"{busy or 0:g} of {pool:g}",
            shown(_one(_LAG, look), "s"),
            _UNKNOWN if cpu is None else f"{cpu:.0%}",
            _UNKNOWN if memory is None else f"{memory / 2**20:.0f} MiB",
            look.url,
        )
    return table


def _one(line: Line, look: Look) -> float | None:
    return row(line, [look]).amount.value


def _standing(look: Look) -> Text:
    if isinstance(look.now, Away):
        return Text(f"away: {look.now.why}", "bold red")
    return (
        Text(f"not ready: {look.now.not_ready}", "yellow") if look.now.not_ready else Text("ready", "green")
    )


def _table(question: str, rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(question, width=_WHAT, no_wrap=True)
    table.add_column("now", width=_NOW, justify="right", no_wrap=True)
    table.add_column("of these", ratio=1, no_wrap=True, overflow="ellipsis")
    for each in rows:
        said = shown(each.amount.value, each.line.unit)
        detail: RenderableType = _parts(each)
        if each.alarming:
            detail = Text(f"see {each.line.runbook}  ", "red").append(_parts(each))
        table.add_row(each.line.what, Text(said, "bold red" if each.alarming else ""), detail)
    return table


def _parts(each: Row) -> str:
    parts = [f"{name} {_part(amount, each.line.unit)}" for name, amount in each.parts.items()]
    more = f"  … {len(parts) - _PARTS} more" if len(parts) > _PARTS else ""
    if not parts and each.amount.total:
        return f"{each.amount.total:,.0f} in all"
    return "  ".join(parts[:_PARTS]) + more


def _part(amount: Amount, unit: str) -> str:
    """A counter's part is shown as its total, the rate beside it while there is one."""
    if amount.total is None:
        return shown(amount.value, unit)
    total = f"{amount.total:,.0f}" if amount.total >= 10 else f"{amount.total:.3g}"  # noqa: PLR2004 - digits
    return f"{total} ({shown(amount.value, unit)})" if amount.value else total


def shown(value: float | None, unit: str) -> str:
    """A figure for people: three digits, ages in their largest unit."""
    if value is None or math.isinf(value):
        return _UNKNOWN if value is None else "∞"
    match unit:
        case "s":
            size, name = next(((size, name) for size, name in _STEPS if value >= size), (1.0, "s"))
            return f"{value / size:.3g} {name}"
        case "%":
            return f"{value:.0%}"
        case "":
            return f"{value:,.0f}"
        case _:
            return f"{value:,.1f} {unit}"


def _process(look: Look) -> dict[str, Any]:
    told = {"name": look.name, "url": look.url}
    if isinstance(look.now, Away):
        return {**told, "up": False, "ready": False, "why": look.now.why}
    figures = {line.what: _one(line, look) for line in (_KAFKA, _BUSY, _POOL, _LAG, _CPU, _MEMORY)}
    return {
        **told,
        "service": look.now.service,
        "up": True,
        "ready": look.now.not_ready is None,
        "why": look.now.not_ready,
        **figures,
    }


def _answer(each: Row) -> dict[str, Any]:
    return {
        "what": each.line.what,
        "metric": each.line.metric,
        "unit": each.line.unit,
        "now": each.amount.value,
        "total": each.amount.total,
        "by": {name: {"now": part.value, "total": part.total} for name, part in each.parts.items()},
        "alarming": each.alarming,
        "runbook": each.line.runbook,
    }
