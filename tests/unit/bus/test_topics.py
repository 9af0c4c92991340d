import pytest

from kaiwa.bus.topics import Alter, Create, Existing, Keep, Refuse, Step, bounds, plan, wanted
from kaiwa.contracts.topics import ACCOUNTS, EVENTS, SENDS, TABLE

ERASABLE = {topic.name for topic in TABLE if topic.erasable}


def cluster_of(**changes: object) -> dict[str, Existing]:
    """A cluster as ``--dev`` makes it, with changes to its events topic."""
    made = {
        want.topic.name: Existing(want.partitions, want.replication, want.settings, want.settings)
        for want in wanted({}, bound=30, dev=True, partitions=6)
    }
    given = {"partitions": 6, "replication": 1, "effective": {}, "overrides": {}} | changes
    events = made[EVENTS]
    settings = {**events.effective, **given["effective"]}  # type: ignore[dict-item]  # a builder's keywords
    overrides = {**events.overrides, **given["overrides"]}  # type: ignore[dict-item]  # a builder's keywords
    made[EVENTS] = Existing(given["partitions"], given["replication"], settings, overrides)  # type: ignore[arg-type]
    return made


def steps(
    existing: dict[str, Existing], *, partitions: int | None = None, dev: bool = True
) -> dict[str, Step]:
    table = wanted(existing, bound=30 if dev else 3600, dev=dev, partitions=partitions)
    return dict(zip((want.topic.name for want in table), plan(table, existing), strict=True))


def test_an_empty_cluster_gets_every_topic() -> None:
    planned = steps({})
    assert planned.keys() == {topic.name for topic in TABLE}
    created = {name: step.wanted for name, step in planned.items() if isinstance(step, Create)}
    assert created.keys() == planned.keys()
    assert (created[EVENTS].partitions, created[SENDS].partitions, created[ACCOUNTS].partitions) == (
        12,
        12,
        1,
    )


def test_production_has_three_replicas_of_which_two_answer() -> None:
    table = wanted({}, bound=3600, dev=False, partitions=None)
    assert {(want.replication, want.settings["min.insync.replicas"]) for want in table} == {(3, "2")}


def test_a_cluster_as_wanted_is_kept() -> None:
    assert all(isinstance(step, Keep) for step in steps(cluster_of()).values())


def test_an_alteration_carries_the_settings_that_others_made() -> None:
    existing = cluster_of(
        effective={"retention.ms": "1", "segment.bytes": "5"},
        overrides={"retention.ms": "1", "segment.bytes": "5"},
    )
    step = steps(existing)[EVENTS]
    assert isinstance(step, Alter)
    assert step.changes == {"retention.ms": ("1", str(4 * 86_400_000))}
    assert step.overrides["segment.bytes"] == "5"
    assert step.overrides["retention.ms"] == str(4 * 86_400_000)


def test_another_partition_count_is_refused() -> None:
    assert isinstance(steps(cluster_of(), partitions=12)[EVENTS], Refuse)


def test_without_a_count_that_of_events_is_taken() -> None:
    existing = cluster_of()
    del existing[SENDS]
    created = steps(existing)[SENDS]
    assert isinstance(created, Create)
    assert created.wanted.partitions == 6


@pytest.mark.parametrize(("replication", "dev"), [(3, True), (1, False)])
def test_another_replication_factor_is_refused(replication: int, *, dev: bool) -> None:
    """``--dev`` on a production cluster would otherwise lower its in-sync replicas."""
    step = steps(cluster_of(replication=replication), dev=dev)[EVENTS]
    assert isinstance(step, Refuse)
    assert "replication factor" in step.reason


@pytest.mark.parametrize(
    ("bound", "backoff", "kept"), [(30, 500, True), (30, 15_000, False), (3600, 15_000, True)]
)
def test_the_bound_includes_the_brokers_own_delay(bound: float, backoff: int, *, kept: bool) -> None:
    table = wanted({}, bound=bound, dev=True, partitions=None)
    given = bounds({want.topic.name: want.settings for want in table}, cleaner_backoff_ms=backoff)
    assert given.keys() == ERASABLE
    assert (max(given.values()) <= bound) is kept


def test_a_bound_below_what_kafka_can_do_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        wanted({}, bound=5, dev=True, partitions=None)
