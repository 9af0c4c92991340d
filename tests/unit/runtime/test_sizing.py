"""The size of an installation, by hand for one workload, and what must hold for every one."""

import json
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kaiwa.runtime.cli import GROUP, application
from kaiwa.runtime.sizing.command import size
from kaiwa.runtime.sizing.plan import Plan, Workload, plan

MILLION = Workload(accounts=500, messages_per_day=1_000_000)


def run(*arguments: str) -> tuple[int, str]:
    entries = [entry for entry in entry_points(group=GROUP) if entry.name == "sizing"]
    done = CliRunner().invoke(application(entries), ["sizing", *arguments])
    return done.exit_code, done.output


def test_a_million_messages_a_day_by_hand() -> None:
    found = plan(MILLION)
    assert found.sends_per_second == pytest.approx(69.44, abs=0.01)  # 1,000,000 / 86,400 × 6
    assert found.events_per_second == pytest.approx(277.78, abs=0.01)  # message and echo, each with a receipt
    assert (found.ingest_pods, found.dispatcher_pods, found.compliance_pods) == (2, 2, 2)
    assert found.partitions == 12
    assert found.analytics_bytes == pytest.approx(3 * 400 * (4_000_000 + 1_000_000) * 250)
    kafka = 3 * (4_000_000 * 3 * 1_000 + 1_000_000 * 500 + 14 * 2_000_000 * 500)
    assert found.kafka_bytes - found.analytics_bytes == pytest.approx(kafka)
    assert found.erasure_bytes_per_second == pytest.approx(3 * 12e9 / 2685)  # 0.75 × (3600 − 20)
    rows = 1e6 * 30 * 1_323 + 1e6 * 3 * 656 + 0.05e6 * 365 * 225 + 4e6 * 4 * 377
    assert found.postgres_bytes == pytest.approx(rows)
    assert found.postgres_connections == 2 * 20 + 2 * 10
    assert found.busiest_account_per_second == pytest.approx(69.44 / 50, abs=0.01)


@pytest.mark.parametrize(
    ("change", "grows"),
    [
        (
            {"messages_per_day": 50_000_000},
            {"ingest_pods", "dispatcher_pods", "partitions", "postgres_bytes"},
        ),
        ({"peak": 60.0}, {"events_per_second", "sends_per_second"}),
        ({"retention": 30 * 86_400.0}, {"partitions", "kafka_bytes", "postgres_bytes"}),
        ({"bound": 60.0}, {"erasure_bytes_per_second"}),
        ({"replies_per_message": 20.0}, {"dispatcher_pods", "postgres_bytes"}),
        ({"accounts": 1}, {"busiest_account_per_second"}),
    ],
)
def test_what_grows_with_what(change: dict[str, Any], grows: set[str]) -> None:
    before, after = plan(MILLION), plan(replace(MILLION, **change))
    assert {name for name in grows if getattr(after, name) <= getattr(before, name)} == set()


def test_slow_calls_need_more_pods_only_when_they_bind() -> None:
    busy = replace(MILLION, messages_per_day=20_000_000)
    assert plan(replace(busy, latency=0.1)) == plan(replace(busy, latency=0.2))
    assert plan(replace(busy, latency=2)).dispatcher_pods > plan(busy).dispatcher_pods


@given(
    accounts=st.integers(1, 10**6),
    messages=st.integers(1, 10**10),
    replies=st.floats(0, 100),
    peak=st.floats(1, 100),
    bound=st.floats(25, 10**6),
)
def test_every_plan_can_be_installed(
    accounts: int, messages: int, replies: float, peak: float, bound: float
) -> None:
    """No fewer than two pods, and never more of compliance than there are partitions."""
    found: Plan = plan(
        Workload(
            accounts=accounts, messages_per_day=messages, replies_per_message=replies, peak=peak, bound=bound
        )
    )
    assert min(found.ingest_pods, found.dispatcher_pods, found.compliance_pods) >= 2
    assert found.compliance_pods <= found.partitions
    assert found.partitions % 12 == 0
    assert found.kafka_bytes >= found.analytics_bytes >= 0


def test_the_command_says_what_it_assumed() -> None:
    code, said = run("--accounts", "500", "--messages-per-day", "1000000", "--json")
    assert code == 0
    told = json.loads(said)
    assert told["plan"]["partitions"] == 12
    assert told["workload"]["peak"] == 6
    assert {"value", "unit", "source"} == told["figures"]["dispatcher_send"].keys()
    assert told["warnings"] == []
    code, said = run("--accounts", "500", "--messages-per-day", "1000000")
    assert code == 0
    assert "kafka.partitions" in said
    assert "assumed" in said


def test_a_limit_of_the_platform_is_named() -> None:
    code, said = run("--accounts", "1", "--messages-per-day", "10000000")
    assert code == 0
    assert "the platform takes 300" in " ".join(said.split())


@pytest.mark.parametrize(
    "wrong",
    [
        ["--accounts", "0", "--messages-per-day", "1"],
        ["--accounts", "1", "--messages-per-day", "-1"],
        ["--accounts", "1", "--messages-per-day", "many"],
        ["--accounts", "1", "--messages-per-day", "1", "--peak", "0.5"],
        ["--accounts", "1", "--messages-per-day", "1", "--bound", "10"],
        ["--messages-per-day", "1"],
    ],
)
def test_bad_input_ends_with_two(wrong: list[str]) -> None:
    assert run(*wrong)[0] == 2


@pytest.mark.parametrize(
    ("found", "said"),
    [(0, "0.0 B"), (999, "999.0 B"), (1500, "1.5 kB"), (3.2e12, "3.2 TB"), (1e19, "10000.0 PB")],
)
def test_bytes_for_people(found: float, said: str) -> None:
    assert size(found) == said
