"""``kaiwa topics apply`` on a real Kafka. The topics are the session's own, so each test leaves them as others use them."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kaiwa.bus.cluster import cluster
from kaiwa.bus.commands import topics
from kaiwa.bus.topics import Existing
from kaiwa.contracts.topics import ACCOUNTS, EVENTS, MAX_RECORD_BYTES, SENDS, TABLE
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.cli import Failure
from kaiwa.runtime.errors import DependencyError, SettingsError
from kaiwa.runtime.settings import Kafka


@pytest.fixture(autouse=True)
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIWA_KAFKA__BOOTSTRAP_SERVERS", stack.bootstrap_servers)
    monkeypatch.delenv("KAIWA_COMPLIANCE__BOUND", raising=False)


def run(*options: str) -> Result:
    return CliRunner().invoke(topics, ["apply", "--dev", "--json", *options])


def applied(*options: str) -> dict[str, Any]:
    result = run(*options)
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def actions(answer: dict[str, Any]) -> set[str]:
    return {row["action"] for row in answer["topics"]}


def existing(kafka: Kafka) -> dict[str, Existing]:
    async def ask() -> dict[str, Existing]:
        async with cluster(kafka) as found:
            return await found.existing([topic.name for topic in TABLE])

    return asyncio.run(ask())


def test_twice_changes_nothing_the_second_time(kafka: Kafka) -> None:
    applied()
    again = applied()
    assert actions(again) == {"keep"}
    assert again["bound"] == pytest.approx(24, abs=0.1)
    found = existing(kafka)
    assert found.keys() == {topic.name for topic in TABLE}
    assert found[EVENTS].effective["cleanup.policy"] == "compact,delete"
    assert found[EVENTS].effective["message.timestamp.type"] == "LogAppendTime"
    assert found[SENDS].effective["max.message.bytes"] == str(MAX_RECORD_BYTES)
    assert found[ACCOUNTS].partitions == 1


def test_a_plan_changes_nothing(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    applied()
    before = existing(kafka)
    monkeypatch.setenv("KAIWA_COMPLIANCE__BOUND", "300")
    planned = applied("--plan")
    assert not planned["applied"]
    assert actions(planned) == {"alter", "keep"}
    assert existing(kafka) == before


def test_a_new_bound_alters_the_topics_and_keeps_what_an_operator_set(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks if only the changes are sent: Kafka then resets every other setting of the topic."""
    applied()
    before = existing(kafka)
    monkeypatch.setenv("KAIWA_COMPLIANCE__BOUND", "300")
    assert 30 < applied()["bound"] <= 300
    changed = existing(kafka)[EVENTS].overrides
    assert changed.keys() == before[EVENTS].overrides.keys()
    assert changed["max.compaction.lag.ms"] != before[EVENTS].overrides["max.compaction.lag.ms"]
    monkeypatch.delenv("KAIWA_COMPLIANCE__BOUND")
    applied()
    assert existing(kafka) == before


def test_another_number_of_partitions_is_refused_and_nothing_is_done(kafka: Kafka) -> None:
    applied()
    before = existing(kafka)
    result = run("--partitions", str(before[EVENTS].partitions + 1))
    assert isinstance(result.exception, Failure)
    assert "nothing was changed" in str(result.exception)
    assert existing(kafka) == before


def test_a_bound_that_cannot_be_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIWA_COMPLIANCE__BOUND", "5")
    result = run()
    assert isinstance(result.exception, SettingsError)
    assert "KAIWA_COMPLIANCE__BOUND" in str(result.exception)


def test_kafka_away_is_a_dependency_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIWA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert isinstance(run().exception, DependencyError)
