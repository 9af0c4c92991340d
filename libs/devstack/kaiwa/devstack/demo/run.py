"""`kaiwa demo`: the main job on a real Kafka and a real PostgreSQL, and whether its promises were kept."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from kaiwa.contracts.events import Kind
from kaiwa.devstack.demo.check import Check
from kaiwa.devstack.demo.checks import judge
from kaiwa.devstack.demo.evidence import Evidence
from kaiwa.devstack.demo.gathering import gather
from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.demo.story import ACTS, DELIVERY, SETTINGS, SHOPS, Act
from kaiwa.devstack.demo.table import Show
from kaiwa.devstack.installation import Installation
from kaiwa.devstack.stack import running
from kaiwa.runtime.cli import Failure, Json, emit

_FAULTS_SHOWN: Final = 10
_START: Final = "Kafka and PostgreSQL start"
_INSTALL: Final = "The three services and the simulator start"
_END: Final = "Everything comes to its end: answers, doubts, erasures"
_CHECK: Final = "The promises are checked"


def demo(
    *,
    seed: Annotated[int | None, typer.Option(help="Fixes the simulator's ids and chances.")] = None,
    as_json: Json = False,
) -> None:
    """The main job on a real Kafka and a real PostgreSQL, with its promises checked. About 50 seconds."""
    with Show(quiet=as_json) as show:
        show.announce(_START, _INSTALL, *(title(act) for act in ACTS), _END, _CHECK)
        checks = asyncio.run(_on_a_stack(show, seed=seed))
    kept = all(check.ok for check in checks)
    emit(
        {
            "ok": kept,
            "seconds": round(show.seconds, 1),
            "checks": [dataclasses.asdict(check) | {"ok": check.ok} for check in checks],
        },
        as_json=as_json,
        table=report(checks, show.seconds),
    )
    if not kept:
        raise Failure("a promise was broken: see the lines marked with a cross")


def title(act: Act) -> str:
    """The first line of its docstring."""
    return (act.__doc__ or "").strip().splitlines()[0]


def report(checks: Sequence[Check], seconds: float) -> Table:
    """A line for each check with its figures, and one for each fault found."""
    lines = Table.grid(padding=(0, 1))
    for check in checks:
        mark, style = ("✓", "green") if check.ok else ("✗", "red")
        lines.add_row(Text(mark, style), Text.assemble((check.promise, "bold"), f": {check.figures}"))
        for fault in check.faults[:_FAULTS_SHOWN]:
            lines.add_row("", Text(fault, "red"))
    kept = sum(check.ok for check in checks)
    lines.add_row("", f"{kept} of {len(checks)} held, in {seconds:.0f} s")
    return lines


async def _on_a_stack(show: Show, *, seed: int | None) -> list[Check]:
    async with AsyncExitStack() as exits:
        with show.step(_START):
            # Entered here and not in a thread: it must be this process's end that ends it.
            stack = exits.enter_context(running())
        with show.step(_INSTALL):
            folder = stack.keeper.directory / "kaiwa"
            installation = Installation(
                stack, folder, shops=SHOPS, seed=seed, delivery=DELIVERY, settings=SETTINGS
            )
            kaiwa = await exits.enter_async_context(installation)
            stage = await exits.enter_async_context(opened(kaiwa, seed=seed))
        show.watch = stage.watch
        return judge(await play(stage, show))


async def play(stage: Stage, show: Show, acts: Sequence[Act] = ACTS) -> Evidence:
    """All acts at once, then the wait for every end, then the evidence."""
    unfinished: list[str] = []

    async def act_out(name: str, part: Awaitable[None]) -> None:
        try:
            with show.step(name):
                await part
        except TimeoutError as error:
            unfinished.append(f"{name}: {error}")

    await asyncio.gather(*(act_out(title(act), act(stage)) for act in acts))
    await act_out(_END, _everything_ends(stage))
    with show.step(_CHECK):
        return await gather(stage, unfinished=unfinished)


async def _everything_ends(stage: Stage) -> None:
    await _all_delivered(stage)
    watch, unsent = stage.watch, len((await stage.remote.books()).unsent())
    await watch.until(
        lambda: watch.answered >= watch.kinds[Kind.MESSAGE_RECEIVED], "the bot answered every customer"
    )
    await watch.until(lambda: not watch.unanswered, "every request has its end")
    await _all_delivered(stage)  # the echoes of what was sent meanwhile
    await watch.until(
        lambda: len(watch.erasures) >= unsent and not watch.open_erasures, "every erasure is verified"
    )


async def _all_delivered(stage: Stage) -> None:
    if not await stage.remote.settled(stage.watch.patience):
        raise TimeoutError("Meta's webhooks are not all answered 200")
