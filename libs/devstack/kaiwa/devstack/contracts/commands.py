"""``kaiwa contracts``: writes what is generated into ``docs/contracts``, and releases schemas.

By hand are ``kinds.toml``, ``bot.py``, ``export.py`` and ``partition-vectors.json``; ``v1`` holds the schemas as released, which only
``release`` touches and only with additions.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
import yaml

from kaiwa.contracts.schema import data_contracts, documents, schemas
from kaiwa.contracts.schema.compatibility import breaks
from kaiwa.contracts.schema.pages import pretty
from kaiwa.devstack.contracts.examples import BadNotes, notes, others
from kaiwa.runtime.cli import Failure, Json, emit

contracts = typer.Typer(help="The published contracts.", no_args_is_help=True)

RELEASED = "v1"

Folder = Annotated[Path, typer.Argument(help="Where the contracts are.", exists=True, file_okay=False)]
_HERE = Path("docs/contracts")


def generated(folder: Path) -> dict[str, str]:
    """Every file that is generated from the code and what is written by hand in ``folder``."""
    told = notes((folder / "kinds.toml").read_text("utf-8"))
    texts = documents(told, others(told), (folder / "bot.py").read_text("utf-8"))
    return texts | {path: _yaml(contract) for path, contract in data_contracts().items()}


def breaking(folder: Path) -> dict[str, list[str]]:
    """What in the code breaks a released schema, by record."""
    current = schemas()
    found = {
        path.stem: breaks(msgspec.json.decode(path.read_bytes()), current[path.stem])
        if path.stem in current
        else [f"{path.stem} is gone"]
        for path in sorted((folder / RELEASED).glob("*.json"))
    }
    return {record: problems for record, problems in found.items() if problems}


@contracts.command()
def write(folder: Folder = _HERE, *, as_json: Json = False) -> None:
    """Generate schemas, AsyncAPI, examples and pages from the code."""
    try:
        files = generated(folder)
    except BadNotes as error:
        raise Failure(str(error)) from error
    except FileNotFoundError as error:
        raise Failure(
            f"{folder} has no {Path(error.filename).name}: name the folder of the contracts", code=2
        ) from error
    stale = [path for path in _written(folder) if path not in files]
    changed = [path for path, text in files.items() if _text(folder / path) != text]
    for path in changed:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(files[path], "utf-8")
    for path in stale:
        (folder / path).unlink()
    emit(
        {"changed": changed, "removed": stale},
        as_json=as_json,
        table=f"{len(files)} files, {len(changed)} changed, {len(stale)} removed",
    )


@contracts.command()
def release(folder: Folder = _HERE, *, as_json: Json = False) -> None:
    """Make the schemas of the code the released ones; refused where they break what was released."""
    if problems := breaking(folder):
        record, (first, *_) = next(iter(problems.items()))
        raise Failure(f"nothing was released: {record}: {first}; within v1 only add optional fields")
    (folder / RELEASED).mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / RELEASED / f"{name}.json").write_text(pretty(schema) + "\n", "utf-8")
    emit({"released": sorted(schemas())}, as_json=as_json, table=f"released {', '.join(sorted(schemas()))}")


def _written(folder: Path) -> list[str]:
    """The files in the folders that hold nothing but generated ones."""
    return [
        str(path.relative_to(folder))
        for part in ("schemas", "events", "records", "odcs", "sinks")
        for path in sorted((folder / part).glob("*"))
    ]


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _yaml(contract: object) -> str:
    written: str = yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=120)
    return f"# Written by `kaiwa contracts write`; change the data set in the code instead.\n{written}"
