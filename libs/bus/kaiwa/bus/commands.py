"""``kaiwa topics apply``: every topic as the table in contracts says, and the erasure bound which that gives."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import ConfigDict
from rich.table import Table

from kaiwa.bus.cluster import Cluster, cluster
from kaiwa.bus.topics import Alter, Create, Keep, Refuse, Step, Wanted, bounds, plan, wanted
from kaiwa.contracts.topics import DEFAULT_BOUND, DEV_BOUND, TABLE
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.settings import Group, Kafka, Settings, load

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


class Erasure(Group):
    """What this command needs of compliance's settings: the bound, in seconds."""

    model_config = ConfigDict(extra="ignore")

    bound: float | None = None


class TopicsSettings(Settings):
    kafka: Kafka
    compliance: Erasure = Erasure()


@topics.callback()
def _group() -> None:
    """Without this, typer would make a group of one command that command."""


@topics.command()
def apply(
    *,
    dev: Annotated[bool, typer.Option("--dev", help="One replica, and a bound of 30 s unless set.")] = False,
    partitions: Annotated[
        int | None,
        typer.Option(min=1, help="Partitions of topics that are created (12); existing ones never change."),
    ] = None,
    plan_only: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Create and configure every topic, read the settings back, and check the erasure bound they give."""
    configured = load(TopicsSettings)
    bound = configured.compliance.bound or (DEV_BOUND if dev else DEFAULT_BOUND)
    result = asyncio.run(
        _apply(configured.kafka, bound=bound, dev=dev, partitions=partitions, plan_only=plan_only)
    )
    emit(result, as_json=as_json, table=_table(result))
    if refused := [row for row in result["topics"] if row["action"] == "refuse"]:
        names = ", ".join(row["topic"] for row in refused)
        raise Failure(f"nothing was changed, because of {names}: {refused[0]['detail']}")
    if result["bound"] > bound:
        raise Failure(
            f"the topics give an erasure bound of {result['bound']:.1f} s, above the {bound:g} s configured:"
            " lower the brokers' log.cleaner.backoff.ms, or raise KAIWA_COMPLIANCE__BOUND"
        )


async def _apply(
    kafka: Kafka, *, bound: float, dev: bool, partitions: int | None, plan_only: bool
) -> dict[str, Any]:
    async with cluster(kafka) as found:
        existing = await found.existing([topic.name for topic in TABLE])
        try:
            table = wanted(existing, bound=bound, dev=dev, partitions=partitions)
        except ValueError as error:
            raise SettingsError(f"KAIWA_COMPLIANCE__BOUND is wrong: {error}") from error
        steps = plan(table, existing)
        effective: Mapping[str, Mapping[str, str]] = {want.topic.name: want.settings for want in table}
        applied = not plan_only and not any(isinstance(step, Refuse) for step in steps)
        if applied:
            effective = await _change(found, table, steps)
        each = bounds(effective, cleaner_backoff_ms=await found.cleaner_backoff_ms())
    return {
        "applied": applied,
        "topics": [_row(step) for step in steps],
        "bounds": each,
        "bound": max(each.values()),
        "configured_bound": bound,
    }


async def _change(found: Cluster, table: list[Wanted], steps: list[Step]) -> dict[str, Mapping[str, str]]:
    """Apply the steps and return the settings that are then in effect."""
    await found.apply(steps)
    ready = await found.ready({want.topic.name: want.settings for want in table})
    return {name: topic.effective for name, topic in ready.items()}


def _row(step: Step) -> dict[str, str]:
    match step:
        case Create(want):
            return _line(
                want.topic.name, "create", f"{want.partitions} partitions, {want.replication} replicas"
            )
        case Alter(name, changes):
            detail = ", ".join(f"{key}: {old} → {new}" for key, (old, new) in changes.items())
            return _line(name, "alter", detail)
        case Keep(name):
            return _line(name, "keep", "")
        case Refuse(name, reason):
            return _line(name, "refuse", reason)


def _line(topic: str, action: str, detail: str) -> dict[str, str]:
    return {"topic": topic, "action": action, "detail": detail}


def _table(result: Mapping[str, Any]) -> Table:
    given = f"erasure bound {result['bound']:.1f} s, configured {result['configured_bound']:g} s"
    table = Table("topic", "action", "detail", caption=given)
    for row in result["topics"]:
        table.add_row(row["topic"], row["action"], row["detail"])
    return table
