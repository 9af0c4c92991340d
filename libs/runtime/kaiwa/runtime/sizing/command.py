"""`kaiwa sizing`: how large an installation has to be, with every assumption beside it."""

import dataclasses
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table

from kaiwa.contracts.topics import DEFAULT_BOUND, MIN_BOUND
from kaiwa.runtime.cli import Json, emit
from kaiwa.runtime.sizing import figures
from kaiwa.runtime.sizing.figures import DAY, Figure
from kaiwa.runtime.sizing.plan import Plan, Workload, plan

_PLATFORM_TEXTS = 300  # a second and account; the platform's limit for messages without media
_BASE = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def sizing(
    *,
    accounts: Annotated[int, typer.Option(min=1, help="Instagram accounts.")],
    messages_per_day: Annotated[int, typer.Option(min=1, help="Customers' messages a day, all accounts.")],
    replies_per_message: Annotated[float, typer.Option(min=0, help="Messages sent for each received.")] = 1,
    receipts_per_message: Annotated[
        float, typer.Option(min=0, help="Seen, reactions and edits for each message.")
    ] = 1,
    peak: Annotated[float, typer.Option(min=1, help="The busiest second against the average.")] = 6,
    retention_days: Annotated[float, typer.Option(min=0.05, help="Days that events are kept.")] = 3,
    bound: Annotated[float, typer.Option(min=MIN_BOUND, help="Erasure bound in seconds.")] = DEFAULT_BOUND,
    replicas: Annotated[int, typer.Option(min=1, help="Replicas of each topic.")] = 3,
    latency: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a call to the Send API takes.")
    ] = figures.PLATFORM_LATENCY.value,
    as_json: Json = False,
) -> None:
    """Pods, partitions, disks and memory for a workload, and what they are computed from."""
    work = Workload(
        accounts=accounts,
        messages_per_day=messages_per_day,
        replies_per_message=replies_per_message,
        receipts_per_message=receipts_per_message,
        peak=peak,
        retention=retention_days * DAY,
        bound=bound,
        replicas=replicas,
        latency=latency,
    )
    found = plan(work)
    used = _figures()
    value = {
        "workload": dataclasses.asdict(work),
        "plan": dataclasses.asdict(found),
        "figures": {name: dataclasses.asdict(figure) for name, figure in used.items()},
        "warnings": warnings(found),
    }
    emit(value, as_json=as_json, table=Group(_plan(found), _assumptions(work, used), *warnings(found)))


def warnings(found: Plan) -> list[str]:
    """What no number of pods mends."""
    rate = found.busiest_account_per_second
    if rate <= _PLATFORM_TEXTS:
        return []
    said = (
        f"An account with ten times its share sends {rate:.0f} a second, and the platform takes {_PLATFORM_TEXTS}:"
        " messages will wait for it, whatever the number of pods."
    )
    return [said]


def _figures() -> dict[str, Figure]:
    return {name.lower(): value for name, value in vars(figures).items() if isinstance(value, Figure)}


def _plan(found: Plan) -> Table:
    table = Table(
        "what", "how much", "value of the chart", title="An installation for this", title_justify="left"
    )
    rows = [
        ("events at the peak", f"{found.events_per_second:,.1f} a second", ""),
        ("sends at the peak", f"{found.sends_per_second:,.1f} a second", ""),
        ("ingest", f"{found.ingest_pods} pods", "ingest.replicas"),
        ("dispatcher", f"{found.dispatcher_pods} pods", "dispatcher.replicas"),
        ("compliance", f"{found.compliance_pods} pods", "compliance.replicas"),
        ("partitions, for ever", f"{found.partitions}", "kafka.partitions"),
        ("Kafka's disks, all replicas", size(found.kafka_bytes), ""),
        ("… of which analytics, 400 days", size(found.analytics_bytes), "analytics.enabled"),
        ("… written by erasure alone", f"{size(found.erasure_bytes_per_second)} a second", "erasure.bound"),
        ("PostgreSQL's disk", size(found.postgres_bytes), ""),
        ("PostgreSQL's connections", f"{found.postgres_connections}", ""),
        ("a pod", "1 core, 512 MiB", "*.resources"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _assumptions(work: Workload, used: dict[str, Figure]) -> Table:
    table = Table("assumed", "value", "source", title="Computed from", title_justify="left")
    for name, given in dataclasses.asdict(work).items():
        table.add_row(name.replace("_", " "), f"{given:,g}", "an option, or its default")
    for figure in used.values():
        table.add_row(figure.unit, f"{figure.value:,g}", figure.source)
    table.add_row(
        "part of a pod that is planned with", f"{figures.HEADROOM:g}", "the rest is for losses and restarts"
    )
    return table


def size(found: float) -> str:
    """Bytes for people, in powers of 1,000."""
    for unit in _UNITS[:-1]:
        if found < _BASE:
            return f"{found:.1f} {unit}"
        found /= _BASE
    return f"{found:.1f} {_UNITS[-1]}"
