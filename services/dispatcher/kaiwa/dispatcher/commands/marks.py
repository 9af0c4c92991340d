"""How findings look in a terminal."""

from kaiwa.dispatcher.core.standing import Verdict

MARKS: dict[Verdict, str] = {
    "good": "[green]ok[/]",
    "warn": "[yellow]look[/]",
    "bad": "[red]bad[/]",
    "unknown": "[dim]?[/]",
}
