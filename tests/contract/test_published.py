"""What is published is what the code says, and is valid by the standards that it names."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from published import CONTRACTS, read, text

from kaiwa.contracts import quarantine, topics
from kaiwa.contracts.events import DATA, Event, Kind, data_of
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.schema.catalogue import CHANNELS, QUARANTINE_HEADERS
from kaiwa.devstack.contracts.commands import breaking, generated

ASYNCAPI = read("asyncapi.json")
EXAMPLES: list[dict[str, Any]] = read("examples.json")
RECORDS = {one.topic: one.record for one in CHANNELS if one.record is not None}
OFFICIAL = json.loads((Path(__file__).parent / "vendored/asyncapi-3.0.0.json").read_bytes())

each_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=[example["value"].get("kind") or example["topic"] for example in EXAMPLES]
)


def validator(topic: str) -> Draft202012Validator:
    return Draft202012Validator(read(f"schemas/{RECORDS[topic].__name__}.json"))


def message(example: dict[str, Any]) -> str:
    record = RECORDS[example["topic"]].__name__
    return str(example["value"]["kind"]) if record == "Event" else record


def test_what_is_published_is_what_the_code_says() -> None:
    """Breaks when a record, topic, reason or note changes and nobody ran `kaiwa contracts write`."""
    expected = generated(CONTRACTS)
    assert {path for path in expected if not (CONTRACTS / path).exists()} == set()
    assert [path for path, content in expected.items() if text(path) != content] == []


def test_nothing_else_lies_among_the_generated_files() -> None:
    """Breaks when a kind or record goes and its page stays."""
    found = {str(path.relative_to(CONTRACTS)) for path in CONTRACTS.rglob("*") if path.is_file()}
    by_hand = {"kinds.toml", "bot.py", "export.py", "partition-vectors.json"}
    released = {name for name in found if name.startswith("v1/")}
    assert found - by_hand - released == set(generated(CONTRACTS))


def test_the_released_contracts_hold() -> None:
    """Breaks when a field of v1 is removed, retyped or made required, or a value of a closed set is no longer taken."""
    assert breaking(CONTRACTS) == {}
    assert {path.stem for path in (CONTRACTS / "v1").iterdir()} >= {"Event", "SendRequest", "Outcome"}


# ── JSON Schema ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("record", sorted({record.__name__ for record in RECORDS.values()}))
def test_each_schema_is_one(record: str) -> None:
    schema = read(f"schemas/{record}.json")
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


@each_example
def test_each_example_is_valid_and_ours(example: dict[str, Any]) -> None:
    validator(example["topic"]).validate(example["value"])
    read_back = msgspec.json.decode(msgspec.json.encode(example["value"]), type=RECORDS[example["topic"]])
    if isinstance(read_back, Event):
        data_of(read_back)


@each_example
def test_schema_and_struct_refuse_the_same(example: dict[str, Any]) -> None:
    """Breaks when a schema takes, or refuses, what the reader in the code does not: each field, once gone, once null,
    once of a type that no field has.
    """
    checked = validator(example["topic"])
    record = RECORDS[example["topic"]]
    # The envelope alone: `data` and `raw` are read later, see the next test.
    for field in example["value"].keys() - {"data", "raw"}:
        for change in ("gone", None, 1.5):
            value = dict(example["value"])
            del value[field]
            if change != "gone":
                value[field] = change
            assert checked.is_valid(value) == readable(value, record), (field, change)


def readable(value: dict[str, Any], record: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=record)
    except msgspec.ValidationError:
        return False
    return True


@each_example
def test_data_is_held_to_its_kind(example: dict[str, Any]) -> None:
    """Breaks when the schema of the envelope forgets a kind: then any `data` would be valid."""
    kind = example["value"].get("kind")
    if example["topic"] in (topics.EVENTS, topics.PRIVACY):
        wrong = copy.deepcopy(example["value"]) | {"data": 1}
        assert validator(example["topic"]).is_valid(wrong) == (kind not in DATA)
        assert validator(example["topic"]).is_valid(wrong | {"kind": "of.tomorrow"})


def test_every_kind_and_every_record_has_an_example() -> None:
    assert {
        example["value"]["kind"] for example in EXAMPLES if RECORDS[example["topic"]].__name__ == "Event"
    } == {kind.value for kind in Kind}
    assert {example["topic"] for example in EXAMPLES} == set(RECORDS)


# ── AsyncAPI ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_asyncapi_is_valid() -> None:
    """By the AsyncAPI Initiative's own schema of version 3.0.0, Kafka bindings included."""
    problems = [
        f"{error.json_path}: {error.message}" for error in Draft7Validator(OFFICIAL).iter_errors(ASYNCAPI)
    ]
    assert problems == []


def test_the_official_schema_would_complain() -> None:
    """Breaks when the test above cannot fail."""
    broken = copy.deepcopy(ASYNCAPI)
    broken["channels"][topics.EVENTS]["bindings"]["kafka"]["partitions"] = "twelve"
    assert not Draft7Validator(OFFICIAL).is_valid(broken)


def test_every_topic_is_a_channel() -> None:
    assert [channel["address"] for channel in ASYNCAPI["channels"].values()] == [
        one.name for one in topics.TABLE
    ]


def test_every_reference_leads_somewhere() -> None:
    for reference in references(ASYNCAPI):
        found = ASYNCAPI
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found, reference


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@each_example
def test_each_example_is_its_message(example: dict[str, Any]) -> None:
    """Value and headers. Breaks when a channel names the wrong message, or headers change."""
    name = message(example)
    assert name in ASYNCAPI["channels"][example["topic"]]["messages"]
    described = ASYNCAPI["components"]["messages"][name]
    for part, value in (("payload", example["value"]), ("headers", example["headers"])):
        schema = {**described[part], "components": ASYNCAPI["components"]}
        Draft7Validator(schema).validate(value)


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_reason_is_explained() -> None:
    assert all(f"| `{reason}` | {reason.advice} |" in text("reasons.md") for reason in Reason)


def test_every_link_leads_somewhere() -> None:
    for page in CONTRACTS.rglob("*.md"):
        for target in [part.split(")")[0] for part in page.read_text("utf-8").split("](")[1:]]:
            assert (page.parent / target).exists(), (page.name, target)


def test_the_bot_has_20_lines() -> None:
    program = text("bot.py")
    assert program.strip() in text("README.md")
    body = program[program.index("async def main") :]
    assert len([line for line in body.splitlines() if line.strip()]) <= 20


def test_every_header_of_quarantine_is_explained() -> None:
    """Breaks when a header is added to the contract and nobody says what it holds."""
    names = {value for name, value in vars(quarantine).items() if name.isupper()}
    assert set(QUARANTINE_HEADERS) == names


def test_the_readme_shows_the_bot_that_is_tested() -> None:
    """The bot of the README is the one that tests/integration/contracts runs."""
    bot = (CONTRACTS / "bot.py").read_text()
    assert f"```python\n{bot}```" in (CONTRACTS.parent.parent / "README.md").read_text()
