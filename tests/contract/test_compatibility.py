"""What breaks a released contract, and what does not."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from published import CONTRACTS
from typer.testing import CliRunner

from kaiwa.contracts.schema import schemas
from kaiwa.contracts.schema.compatibility import breaks
from kaiwa.devstack.contracts.commands import breaking, contracts, generated
from kaiwa.runtime.cli import Failure

Schema = dict[str, Any]
Change = Callable[[Schema, Schema], object]
"""What is done to a schema and its definitions."""

EVENT: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "stream": {"enum": ["changes", "messaging"]},
        "count": {"type": ["integer", "null"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "reply": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]},
        "data": {},
    },
    "required": ["id", "kind"],
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"properties": {"data": {"$ref": "#/$defs/Part"}}},
        }
    ],
    "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
}


def changed(change: Change) -> list[str]:
    current = copy.deepcopy(EVENT)
    change(current, current["$defs"])
    return breaks(EVENT, current)


OTHER = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s, _: s["properties"].pop("id"), "record.id is gone"),
        (lambda s, _: s["required"].append("count"), "record.count became required"),
        (lambda s, _: s["required"].remove("id"), "record.id is no longer always there"),
        (lambda s, _: s["properties"].update(id={"type": "integer"}), "record.id has another type"),
        (lambda s, _: s["properties"].update(id={}), "record.id has another type"),
        (lambda s, _: s["properties"].update(data={"type": "object"}), "record.data has another type"),
        (lambda s, _: s["properties"].update(id={"enum": ["a"]}), "record.id has another type"),
        (
            lambda s, _: s["properties"].update(id={"type": "string", "maxLength": 3}),
            "record.id has another type",
        ),
        (lambda s, _: s["properties"].update(count={"type": "integer"}), "record.count has another type"),
        (lambda s, _: s["properties"]["stream"]["enum"].pop(), "record.stream no longer takes messaging"),
        (lambda s, _: s["properties"].update(stream={"type": "string"}), "record.stream has another type"),
        (
            lambda s, _: s["properties"]["parts"].update(items={"type": "string"}),
            "record.parts[] has another type",
        ),
        (lambda s, _: s["properties"]["parts"].pop("items"), "record.parts[]"),
        (lambda s, _: s["properties"]["reply"]["anyOf"].pop(), "record.reply has another type"),
        (lambda _, d: d["Part"]["properties"].pop("n"), "Part.n is gone"),
        (lambda _, d: d["Part"]["required"].pop(), "Part.n is no longer always there"),
        (lambda _, d: d.pop("Part"), "Part is gone"),
        (lambda s, _: s["allOf"].pop(), "record of a no longer says what it holds"),
        (
            lambda s, d: (
                d.update(Other=OTHER),
                s["allOf"][0].update(then={"properties": {"data": {"$ref": "Other"}}}),
            ),
            "record of a.data has another type",
        ),
    ],
)
def test_breaks(change: Change, problem: str) -> None:
    """Breaks when a reader of v1 could be surprised and the comparison does not say so."""
    assert any(found.startswith(problem) for found in changed(change)), changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, _: s["properties"].update(more={"type": "string"}),
        lambda s, _: s["properties"]["stream"]["enum"].append("standby"),
        lambda s, _: s["properties"]["count"]["type"].reverse(),
        lambda s, _: s["properties"]["id"].update(description="An id.", format="uuid"),
        lambda s, _: s["required"].reverse(),
        lambda _, d: d.update(Other=OTHER),
        lambda _, d: d["Part"]["properties"].update(mid={"type": "string"}),
        lambda s, _: s["allOf"].append({"if": {"properties": {"kind": {"const": "b"}}}, "then": {}}),
    ],
)
def test_additions_do_not(change: Change) -> None:
    assert changed(change) == []


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is written by hand, and nothing else."""
    for name in ("kinds.toml", "bot.py"):
        shutil.copy(CONTRACTS / name, tmp_path)
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(contracts, list(arguments))


def test_write_writes_once(folder: Path) -> None:
    stale = folder / "events" / "of.yesterday.md"
    stale.parent.mkdir()
    stale.touch()
    first = msgspec.json.decode(run("write", str(folder), "--json").stdout)
    assert (set(first["changed"]), first["removed"]) == (set(generated(folder)), ["events/of.yesterday.md"])
    assert msgspec.json.decode(run("write", str(folder), "--json").stdout) == {"changed": [], "removed": []}


def test_release_only_adds(folder: Path) -> None:
    """Breaks when a breaking change can be released."""
    assert run("release", str(folder)).exit_code == 0
    assert breaking(folder) == {}
    released = folder / "v1" / "Receipt.json"
    older = schemas()["Receipt"]
    older["properties"]["of_yesterday"] = {"type": "string"}
    released.write_bytes(msgspec.json.encode(older))
    refused = run("release", str(folder))
    assert str(refused.exception).startswith("nothing was released: Receipt: record.of_yesterday is gone")
    assert breaking(folder) == {"Receipt": ["record.of_yesterday is gone"]}


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"read": {', '"of_tomorrow": {', "the entry for message.seen in kinds.toml becomes unknown"),
        ('["message.seen"]', '["of.tomorrow"]', "kinds.toml has no 'message.seen'"),
        ("limits = ", "limit = ", "kinds.toml has no 'limits'"),
        ("means = ", "means ", "kinds.toml cannot be read"),
        ('"read": {', '"read" {', "kinds.toml cannot be read"),
    ],
)
def test_bad_notes_are_refused(folder: Path, before: str, after: str, problem: str) -> None:
    """Nothing is written, and one line says what is wrong."""
    notes = folder / "kinds.toml"
    notes.write_text(notes.read_text("utf-8").replace(before, after), "utf-8")
    refused = run("write", str(folder))
    assert isinstance(refused.exception, Failure)
    assert str(refused.exception).startswith(problem)
    assert {path.name for path in folder.iterdir()} == {"kinds.toml", "bot.py"}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    refused = run("write", str(tmp_path)).exception
    assert isinstance(refused, Failure)
    assert ("has no kinds.toml" in str(refused), refused.code) == (True, 2)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert run("write", str(tmp_path / "nowhere")).exit_code == 2
