"""The `kaiwa` command: rooms mount themselves, errors are one line, exit codes say whose turn it is."""

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from rich.console import Group
from rich.table import Table
from typer.testing import CliRunner

from kaiwa.runtime import cli
from kaiwa.runtime.errors import DependencyError, SettingsError

ERRORS = {
    "failure": cli.Failure("two events are missing"),
    "settings": SettingsError("KAIWA_POSTGRES__DSN is not set"),
    "dependency": DependencyError("Kafka is away"),
}

one = typer.Typer(help="One.")
two = typer.Typer()


@one.command("first")
def first() -> None:
    typer.echo("first")


@two.command("second")
def second() -> None:
    typer.echo("second")


def alone(error: str) -> None:
    raise ERRORS[error]


def entry(name: str, target: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{target}", cli.GROUP)


@pytest.mark.parametrize("command", [["db", "first"], ["db", "second"]])
def test_two_rooms_share_a_group(command: list[str]) -> None:
    app = cli.application([entry("db", "one"), entry("db", "two")])
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert result.stdout.strip() == command[1]


@pytest.mark.parametrize(("error", "code"), [("failure", 1), ("settings", 2), ("dependency", 3)])
def test_an_error_is_one_line_and_a_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: str, code: int
) -> None:
    monkeypatch.setattr(
        cli, "entry_points", lambda group: [entry("alone", "alone")] if group == cli.GROUP else []
    )
    monkeypatch.setattr(sys, "argv", ["kaiwa", "alone", error])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == code
    assert capsys.readouterr() == ("", f"{ERRORS[error]}\n")


def test_an_unknown_command_is_a_matter_of_usage() -> None:
    assert CliRunner().invoke(cli.application([entry("db", "one")]), ["nope"]).exit_code == 2


@dataclass
class Row:
    path: Path
    count: int


def test_a_result_is_json_or_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("path", "count")
    table.add_row("a", "1")
    cli.emit([Row(Path("ä"), 1)], as_json=True, table=table)
    assert capsys.readouterr().out == '[{"path": "ä", "count": 1}]\n'
    cli.emit([], as_json=False, table=table)
    assert "count" in capsys.readouterr().out
    cli.emit([], as_json=False, table="x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_an_id_can_be_copied_however_narrow_the_terminal_is(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by: a word that is cut or goes on in the next line, in a column of its own or within a sentence."""
    monkeypatch.setenv("COLUMNS", str(columns))
    account, sentence = "17841400000000001", "Meta sends no webhooks: its subscription is gone"
    table = Table("account", "name", "what", "", "how it is", "what to do")
    table.add_row(account, "Blue Moon", "subscription", "[red]bad[/]", sentence, f"run `check {account}` now")
    for shown in (table, Group("first", table)):
        cli.emit([], as_json=False, table=shown)
        assert capsys.readouterr().out.count(account) == 2
