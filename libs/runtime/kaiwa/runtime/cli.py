"""The one command, `kaiwa`: sub-commands come from the rooms by entry point group `kaiwa.commands`.

    [project.entry-points."kaiwa.commands"]
    topics = "kaiwa.bus.commands:topics"      # a typer.Typer: the group `kaiwa topics …`
    up = "kaiwa.devstack.commands:up"         # a function: the command `kaiwa up`

Two rooms may give the same group; its commands are then joined. Results go to stdout (`emit`, with `--json`
everywhere), all else to stderr. Exit codes: 0 ok, 1 a check failed or nothing found, 2 usage or settings,
3 a dependency is away. A command says so by raising: `Failure`, `SettingsError`, `DependencyError`.
"""

import dataclasses
import json
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

import rich.console
import rich.table
import typer
from rich.measure import Measurement

from kaiwa.runtime import logs
from kaiwa.runtime.errors import KaiwaError

GROUP = "kaiwa.commands"
_ENDLESS = 1_000_000  # columns

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
"""The type of every command's `as_json` parameter."""


class Failure(KaiwaError):
    """A command's check failed or found nothing; `code` as in the module's docstring."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def emit(value: object, *, as_json: bool, table: rich.console.RenderableType) -> None:
    """Print a result: `value` for machines, `table` (a rich table or plain text) for people."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))
    elif isinstance(table, str):
        typer.echo(table)
    else:
        console = rich.console.Console()
        parts = table.renderables if isinstance(table, rich.console.Group) else [table]
        widths = [_least(each, console) for each in parts if isinstance(each, rich.table.Table)]
        # Lines longer than the terminal, where nothing else gives way: an id is there to be copied whole.
        console.width = max([console.width, *widths])
        console.print(table, crop=False)


def _least(table: rich.table.Table, console: rich.console.Console) -> int:
    """In how many columns it fits with no word cut; what has several words makes room for what is one."""
    for column in table.columns:
        sizes = [Measurement.get(console, console.options, cell) for cell in (column.header, *column.cells)]
        column.min_width = max(size.minimum for size in sizes)
        column.no_wrap = all(size.minimum == size.maximum for size in sizes)
    return Measurement.get(console, console.options.update_width(_ENDLESS), table).minimum


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def application(entries: list[EntryPoint]) -> typer.Typer:
    app = typer.Typer(
        name="kaiwa",
        help="Instagram conversations on Kafka.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # they print local variables, which hold content
    )
    app.callback()(lambda: None)
    groups: dict[str, typer.Typer] = {}
    for entry in entries:
        command = entry.load()
        if not isinstance(command, typer.Typer):
            app.command(entry.name)(command)
        elif (group := groups.setdefault(entry.name, command)) is not command:
            group.registered_commands += command.registered_commands
            group.registered_groups += command.registered_groups
    for name, group in groups.items():
        app.add_typer(group, name=name, no_args_is_help=True)
    return app


def main() -> None:
    logs.configure("kaiwa", level="WARNING")
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    # Only the room that is asked for is imported: a command answers quickly, whatever the other rooms bring along.
    asked = [entry for entry in entries if entry.name in sys.argv[1:2]]
    try:
        application(asked or entries)()
    except KaiwaError as error:
        typer.echo(error, err=True)
        sys.exit(error.code)
