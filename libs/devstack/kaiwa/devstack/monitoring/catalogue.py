"""docs/metrics.md: every metric, with the words that stand above it in the code."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

from kaiwa.runtime import metrics

_FILES: Final = ("every", "ingest", "dispatcher", "compliance")
_HEADS: Final = {
    "every": "Every service",
    "ingest": "Ingest",
    "dispatcher": "Dispatcher",
    "compliance": "Compliance",
}
_INTRODUCTION: Final = (
    "Written by `kaiwa monitoring write` from the catalogue in `libs/runtime/kaiwa/runtime/metrics`. Base units; no label"
    " names a person, a message or an account. `/metrics` of each service shows the common ones and its own; Python's and"
    " the process's own (`process_…`, `python_…`) come on top."
)


@dataclass(frozen=True)
class Entry:
    """`name` as it is queried: a counter with its `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


def entries(file: str) -> Iterator[Entry]:
    """The metrics of one file of the catalogue, in its order."""
    source = (Path(metrics.__file__).parent / f"{file}.py").read_text("utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        metric = getattr(metrics, node.target.id, None)
        if isinstance(metric, MetricWrapperBase):
            (told,) = metric.describe()
            suffix = "_total" if told.type == "counter" else ""
            meaning = _above(lines, node.lineno - 1)
            yield Entry(told.name + suffix, told.type, tuple(metric._labelnames), meaning)  # noqa: SLF001 - no other way


def page() -> str:
    """The whole document."""
    parts = [
        "# Metrics",
        "",
        _INTRODUCTION,
    ]
    for file in _FILES:
        parts += ["", f"## {_HEADS[file]}", "", "| metric | kind | labels | meaning |", "|---|---|---|---|"]
        parts += [
            f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} | {each.meaning} |"
            for each in entries(file)
        ]
    return "\n".join(parts) + "\n"


def _above(lines: list[str], at: int) -> str:
    """The comment right above a line; of two metrics in a row with one comment, that of the first."""
    start = at - 1
    while start >= 0 and lines[start].strip() and not lines[start].startswith("#"):
        start -= 1
    found: list[str] = []
    while start >= 0 and lines[start].startswith("#"):
        found.insert(0, lines[start].removeprefix("#").strip())
        start -= 1
    return " ".join(found)
