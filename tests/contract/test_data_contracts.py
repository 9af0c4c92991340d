"""The contracts of the analytics topics: valid by their standard, true of our records, and their rules can fail."""

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator
from published import read
from warehouse import broken_rules, contract, count, filled, lines

from kaiwa.contracts import topics
from kaiwa.contracts.schema.datasets import DATASETS, Dataset
from kaiwa.contracts.schema.datasets.inbound import INBOUND
from kaiwa.contracts.schema.datasets.outbound import OUTBOUND
from kaiwa.contracts.schema.odcs import fields

OFFICIAL = json.loads((Path(__file__).parent / "vendored/odcs-3.1.0.json").read_bytes())
STANDARD = Draft201909Validator(OFFICIAL)

each_dataset = pytest.mark.parametrize("data", DATASETS, ids=lambda data: data.name)


def example(data: Dataset) -> dict[str, Any]:
    """The published example as a sink's row."""
    [found] = [one for one in read("examples.json") if one["topic"] == data.topic]
    return {"ce_id": found["headers"]["ce_id"], **found["value"]}


@each_dataset
def test_each_contract_is_valid_by_its_standard(data: Dataset) -> None:
    problems = [f"{error.json_path}: {error.message}" for error in STANDARD.iter_errors(contract(data))]
    assert problems == []


@each_dataset
def test_the_standard_would_complain(data: Dataset) -> None:
    """Breaks when the test above cannot fail: in each of the four parts that a contract has to have."""
    for part, wrong in (
        ("schema", [{"logicalType": "object"}]),
        ("slaProperties", [{"value": 1}]),
        ("roles", [{"access": "read"}]),
        ("apiVersion", "v9"),
    ):
        assert not STANDARD.is_valid(copy.deepcopy(contract(data)) | {part: wrong}), part


@each_dataset
def test_each_contract_says_what_the_record_is(data: Dataset) -> None:
    """Breaks when a field has no column, or the table of topics promises another retention."""
    [described] = contract(data)["schema"]
    assert [one["name"] for one in described["properties"]] == ["ce_id", *data.record.__struct_fields__]
    promised = {one["property"]: one["value"] for one in contract(data)["slaProperties"]}
    [topic] = [one for one in topics.TABLE if one.name == data.topic]
    assert promised["retention"] * 86_400_000 == topic.retention_ms


def test_a_record_without_words_is_refused() -> None:
    columns = {name: column for name, column in INBOUND.columns.items() if name != "hour"}
    with pytest.raises(ValueError, match="differ: hour"):
        fields(dataclasses.replace(INBOUND, columns=columns))


@each_dataset
def test_the_published_example_keeps_every_rule(data: Dataset, tmp_path: Path) -> None:
    """Twice the same record is one row."""
    sink = filled(data, lines([example(data)] * 2), tmp_path)
    assert broken_rules(data, sink) == set()
    assert count(sink, f"SELECT count(*) FROM {data.name}") == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"conversation": "1111000000000001"}, "conversation_is_a_pseudonym"),
        ({"account": "17841400000000001"}, "account_is_a_pseudonym"),
        ({"stream": "hub"}, "stream_is_known"),
        ({"hour": "2026-11-18T11:07:00.000Z"}, "hours_are_whole"),
        ({"text_bytes": -1}, "text_bytes_is_a_count"),
        ({"attachments": -1}, "attachments_is_a_count"),
        ({"ce_id": "B", "account": "A" * 26}, "a_conversation_has_one_account"),
        ({"kind": None}, "kind_is_there"),
    ],
)
def test_each_rule_can_fail(change: dict[str, Any], rule: str, tmp_path: Path) -> None:
    good = example(INBOUND)
    sink = filled(INBOUND, lines([good, good | {"ce_id": "A"} | change]), tmp_path)
    assert rule in broken_rules(INBOUND, sink)
    assert broken_rules(INBOUND, filled(INBOUND, lines([good]), tmp_path)) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"conversation": "1111000000000001"}, "conversation_is_a_pseudonym"),
        ({"state": "perhaps"}, "state_is_known"),
        ({"tag": "ACCOUNT_UPDATE"}, "tag_is_known"),
        ({"hour": "2026-11-18T11:07:00.000Z"}, "hours_are_whole"),
        ({"evidence": None}, "sent_has_evidence"),
        ({"parts_sent": 7}, "no_more_is_sent_than_there_is"),
        ({"state": None}, "state_is_there"),
    ],
)
def test_each_rule_of_what_went_out_can_fail(change: dict[str, Any], rule: str, tmp_path: Path) -> None:
    good = example(OUTBOUND)
    sink = filled(OUTBOUND, lines([good, good | {"ce_id": "A"} | change]), tmp_path)
    assert rule in broken_rules(OUTBOUND, sink)


def test_small_groups_are_left_out(tmp_path: Path) -> None:
    """Breaks when the example of an export shows what fewer than five conversations did."""
    good = example(INBOUND)
    facts = [
        good | {"ce_id": f"{kind}{n}", "kind": kind, "conversation": str(n) * 26}
        for kind, conversations in (("message.received", 5), ("message.seen", 4))
        for n in range(2, 2 + conversations)
    ]
    sink = filled(INBOUND, lines(facts), tmp_path)
    shown = sink.execute("SELECT kind, events FROM inbound_summary").fetchall()
    assert shown == [("message.received", 5)]
