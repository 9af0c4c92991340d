"""The demo while it runs: acts and figures, alive in a terminal, as plain lines anywhere else."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kaiwa.devstack.demo.watch import Watch

_MARKS: Final = {
    "waits": ("·", "dim"),
    "plays": ("▸", "yellow"),
    "played": ("✓", "green"),
    "failed": ("✗", "red"),
}


class Show:
    """A context manager. `step` wraps a part of the story and keeps its state; `watch` gives the figures once known."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.watch: Watch | None = None
        self._states: dict[str, str] = {}
        self._started = time.monotonic()
        self._console = Console(stderr=True, quiet=quiet)
        self._live = Live(get_renderable=self._picture, console=self._console, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def announce(self, *titles: str) -> None:
        """What is going to be played."""
        self._states |= dict.fromkeys(titles, "waits")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self._enter(title, "plays")
        try:
            yield
        except BaseException:
            self._enter(title, "failed")
            raise
        self._enter(title, "played")

    def _enter(self, title: str, state: str) -> None:
        self._states[title] = state
        if not self._console.is_terminal:
            self._console.print(
                f"{self.seconds:5.1f} s  {_MARKS[state][0]} {title}", highlight=False, soft_wrap=True
            )

    def _picture(self) -> Group:
        acts = Table.grid(padding=(0, 1))
        for title, state in self._states.items():
            mark, style = _MARKS[state]
            acts.add_row(Text(mark, style), Text(title, "dim" if state == "waits" else ""))
        return Group(
            Text(f"Kaiwa, {self.seconds:.0f} s", "bold"), acts, *([figures(self.watch)] if self.watch else [])
        )


def figures(watch: Watch) -> Table:
    """What the topics tell."""
    newest = watch.latest.values()
    ended = Counter(outcome.state for outcome in newest)
    disclosures = [o.disclosure.trigger for o in newest if o.disclosure and o.state == "sent"]
    closed = len(watch.erasures) - len(watch.open_erasures)
    rows: tuple[tuple[str, int, Iterable[str | None] | str], ...] = (
        ("events", watch.kinds.total(), watch.kinds.elements()),
        ("requests", len(watch.requests), [r.author.kind for r in watch.requests.values()]),
        ("outcomes", ended.total(), [o.state for o in newest]),
        ("refused", ended["refused"], [o.reason for o in newest if o.state == "refused"]),
        ("deferred", len(watch.deferred), [reason for _, reason in watch.deferred]),
        ("in doubt", ended["in_doubt"], f"{len(watch.doubted)} so far"),
        ("evidence", ended["sent"], [o.evidence for o in newest]),
        ("disclosed", len(disclosures), disclosures),
        (
            "unsent",
            watch.kinds["message.unsent"],
            f"{watch.tombstones} tombstones, {closed} erasures verified",
        ),
    )
    table = Table("what", "number", "of these", min_width=72)
    for name, number, detail in rows:
        table.add_row(name, str(number), detail if isinstance(detail, str) else _counted(detail))
    return table


def _counted(names: Iterable[str | None]) -> str:
    return "  ".join(f"{n} {name}" for name, n in Counter(names).most_common() if name)
