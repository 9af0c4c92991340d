"""`kaiwa monitoring write`: dashboards, rules and the list of metrics, from the data in this room into their files."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
import yaml

from kaiwa.devstack.monitoring.alerts import groups
from kaiwa.devstack.monitoring.boards.all import DASHBOARDS
from kaiwa.devstack.monitoring.catalogue import page
from kaiwa.runtime.cli import Failure, Json, emit

monitoring = typer.Typer(help="Dashboards, alerts and the list of metrics.", no_args_is_help=True)

_CHART: Final = Path("deploy/helm/kaiwa/files")
_WRITTEN: Final = "# Written by `kaiwa monitoring write`; change kaiwa.devstack.monitoring instead.\n"

Root = Annotated[Path, typer.Argument(help="The checkout.", exists=True, file_okay=False)]


def generated() -> dict[Path, str]:
    """Every generated file, by its path in the checkout."""
    boards = {
        _CHART / "dashboards" / f"{board.uid}.json": msgspec.json.format(
            msgspec.json.encode(board.grafana())
        ).decode()
        + "\n"
        for board in DASHBOARDS
    }
    rules = yaml.safe_dump({"groups": groups()}, sort_keys=False, allow_unicode=True, width=120)
    return {
        **boards,
        _CHART / "rules/kaiwa.yaml": _WRITTEN + rules,
        Path("docs/metrics.md"): page(),
    }


@monitoring.command()
def write(root: Root = Path(), *, as_json: Json = False) -> None:
    """Generate dashboards, rules and docs/metrics.md."""
    if not (root / _CHART).is_dir():
        raise Failure(f"{root} has no {_CHART}: name the checkout", code=2)
    files = generated()
    changed = [str(path) for path, text in files.items() if _text(root / path) != text]
    for path in changed:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(files[Path(path)], "utf-8")
    emit({"changed": changed}, as_json=as_json, table=f"{len(files)} files, {len(changed)} changed")


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
