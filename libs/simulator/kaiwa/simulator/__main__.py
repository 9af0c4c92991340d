"""`python -m kaiwa.simulator --port … --scenario …`: the box as a process of its own."""

import sys

import typer

from kaiwa.runtime.errors import KaiwaError
from kaiwa.simulator.commands import run

if __name__ == "__main__":
    try:
        typer.run(run)
    except KaiwaError as error:
        typer.echo(error, err=True)
        sys.exit(error.code)
