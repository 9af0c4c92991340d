"""`kaiwa chart write`: what the chart repeats of the code, written anew."""

from pathlib import Path
from typing import Annotated

import typer

from kaiwa.devstack.chart.generated import SCHEMA, TABLES, schema, tables
from kaiwa.runtime.cli import Failure, Json, emit

chart = typer.Typer(help="The Helm chart.", no_args_is_help=True)

_HERE = Path("deploy/helm/kaiwa")


@chart.callback()
def _group() -> None:
    """Without this, typer would make a group of one command that command."""


def generated(folder: Path) -> dict[str, str]:
    """Each generated file of the chart in `folder`, as it should be."""
    return {TABLES: tables(), SCHEMA: schema((folder / SCHEMA).read_text("utf-8"))}


@chart.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Where the chart is.")] = _HERE, *, as_json: Json = False
) -> None:
    """Generate topics, access and the settings' schema from the code."""
    try:
        files = generated(folder)
    except FileNotFoundError as error:
        raise Failure(f"{folder} is not the chart: name its folder", code=2) from error
    changed = [path for path, text in files.items() if _text(folder / path) != text]
    for path in changed:
        (folder / path).write_text(files[path], "utf-8")
    emit(
        {"changed": changed}, as_json=as_json, table=f"{len(files)} files, changed: {', '.join(changed) or 0}"
    )


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
