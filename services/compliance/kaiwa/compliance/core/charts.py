"""Charts as SVG, drawn from numbers: no script, no font but the page's, colours from the page's variables."""

import math
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 720
_HEIGHT: Final = 200
_LEFT: Final = 40
_BOTTOM: Final = 26
_TICKS: Final = (
    (0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1.0, "1 s"), (10.0, "10 s"), (60.0, "1 min"), (600.0, "10 min"),
    (3600.0, "1 h"), (36_000.0, "10 h"), (86_400.0, "1 d"), (864_000.0, "10 d"),
)  # fmt: skip
"""Seconds, as a scale of time names them."""


def bars(days: Sequence[str], series: Mapping[str, Sequence[int]], *, title: str) -> str:
    """Groups of bars, a group for each day."""
    top = max((max(values, default=0) for values in series.values()), default=0) or 1
    top += top % 2 if top > 1 else 0  # so that its half is a number of erasures, too
    step = (_WIDTH - _LEFT) / max(len(days), 1)
    width = min(22.0, step * 0.8 / max(len(series), 1))
    height = _HEIGHT - _BOTTOM - 12
    drawn = [*_grid(top, height)]
    for n, day in enumerate(days):
        middle = _LEFT + step * (n + 0.5)
        for place, (name, values) in enumerate(series.items()):
            tall = height * values[n] / top
            x = middle + (place - len(series) / 2) * width
            drawn.append(
                f'<rect class="s{place}" x="{x:.1f}" y="{12 + height - tall:.1f}" width="{width - 2:.1f}" '
                f'height="{tall:.1f}" rx="2"><title>{escape(f"{day}: {values[n]} {name}")}</title></rect>'
            )
        if n % max(1, -(-len(days) // 10)) == 0:
            drawn.append(
                f'<text x="{middle:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(day[5:])}</text>'
            )
    return _svg(drawn, title, _HEIGHT)


def spans(rows: Sequence[tuple[str, Sequence[tuple[str, float, str]]]], *, title: str) -> str:
    """A line for each row with a dot at each of its values (name, value, as it is read), on a logarithmic scale of seconds."""
    values = [value for _, dots in rows for _, value, _ in dots if value > 0]
    low, high = math.log10(min(values, default=1) / 2), math.log10(max(values, default=1) * 2)
    left, right, tall = 110, _WIDTH - 60, 44

    def place(value: float) -> float:
        return left + (right - left) * (math.log10(max(value, 1e-3)) - low) / max(high - low, 1e-9)

    bottom = 16 + len(rows) * tall
    drawn = [
        f'<line class="grid" x1="{place(at):.1f}" x2="{place(at):.1f}" y1="6" y2="{bottom}"/>'
        f'<text x="{place(at):.1f}" y="{bottom + 16}" text-anchor="middle">{read}</text>'
        for at, read in _TICKS
        if low <= math.log10(at) <= high
    ]
    for n, (name, dots) in enumerate(rows):
        y = 30 + n * tall
        drawn.append(f'<text x="0" y="{y + 4}" class="name">{escape(name)}</text>')
        at = [place(value) for _, value, _ in dots]
        drawn.append(f'<line class="span" x1="{min(at):.1f}" x2="{max(at):.1f}" y1="{y}" y2="{y}"/>')
        shown: list[float] = []
        for (label, _, read), x in zip(dots, at, strict=True):
            drawn.append(
                f'<circle class="s0" cx="{x:.1f}" cy="{y}" r="5"><title>{escape(f"{name} {label}: {read}")}</title></circle>'
            )
            if all(abs(x - other) > 58 for other in shown):  # noqa: PLR2004 - as wide as a label
                shown.append(x)
                drawn.append(
                    f'<text x="{x:.1f}" y="{y - 11}" text-anchor="middle">{escape(f"{label} {read}")}</text>'
                )
    return _svg(drawn, title, bottom + 22)


def shares(rows: Sequence[tuple[str, int, int]], *, title: str) -> str:
    """A bar for each row: so many of so many."""
    left, right, tall = 230, _WIDTH - 90, 30
    drawn = []
    for n, (name, made, due) in enumerate(rows):
        y, full = 8 + n * tall, right - left
        share = made / due if due else 0
        shown = name if len(name) <= 34 else name[:33] + "…"  # noqa: PLR2004 - what fits beside the bar
        drawn.append(
            f'<text x="0" y="{y + 12}" class="name">{escape(shown)}<title>{escape(name)}</title></text>'
        )
        drawn.append(f'<rect class="rest" x="{left}" y="{y}" width="{full}" height="16" rx="4"/>')
        look = "s0" if made == due else "s2"
        drawn.append(
            f'<rect class="{look}" x="{left}" y="{y}" width="{full * share:.1f}" height="16" rx="4"/>'
        )
        drawn.append(f'<text x="{right + 8}" y="{y + 12}">{made} of {due}</text>')
    return _svg(drawn, title, 12 + len(rows) * tall)


def _grid(top: int, height: float) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{12 + height * (1 - part):.1f}" '
        f'y2="{12 + height * (1 - part):.1f}"/><text x="{_LEFT - 8}" y="{16 + height * (1 - part):.1f}" '
        f'text-anchor="end">{round(top * part)}</text>'
        for part in ((0, 0.5, 1) if top > 1 else (0, 1))
    ]


def _svg(drawn: Sequence[str], title: str, height: float) -> str:
    name = escape(title, {'"': "&quot;"})
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{name}">{"".join(drawn)}</svg>'
