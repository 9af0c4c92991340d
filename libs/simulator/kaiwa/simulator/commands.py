"""`kaiwa simulator …`: run the box, and talk to one that runs."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import rich.table
import typer
import uvloop

from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import SettingsError
from kaiwa.simulator.actions import AnyAction
from kaiwa.simulator.books import Books
from kaiwa.simulator.box import Scenario
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Customer
from kaiwa.simulator.remote import Remote
from kaiwa.simulator.simulator import Simulator

T = TypeVar("T")

DEFAULT_PORT = 8090

simulator = typer.Typer(help="Meta in a box: the platform's webhooks, Send API and rules on this machine.")

Url = Annotated[str, typer.Option("--url", envvar="KAIWA_SIMULATOR_URL", help="Where the simulator answers.")]
_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


@simulator.command()
def run(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on: whoever reaches it is the platform's operator.")
    ] = "127.0.0.1",
    scenario: Annotated[
        Path | None, typer.Option(help="JSON file of apps, accounts, customers, faults, actions.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Fixes ids and chances.")] = None,
) -> None:
    """Run until SIGTERM or Ctrl-C. The first line on stdout is JSON: where to find it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(host, port, _scenario(scenario), seed))


async def _run(host: str, port: int, scenario: Scenario, seed: int | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    box = Simulator(
        host=host, port=port, seed=seed, delivery=scenario.delivery, time_scale=scenario.time_scale
    )
    try:
        async with box:
            box.load(scenario)
            where = {
                "url": box.url,
                "facebook": box.facebook_url,
                "instagram": box.instagram_url,
                "facebook_login": box.facebook_login_url,
                "instagram_login": box.instagram_login_url,
            }
            typer.echo(msgspec.json.encode(where).decode())
            await stop.wait()
    except OSError as error:
        raise SettingsError(
            f"port {port} cannot be used ({error.strerror}): choose another --port"
        ) from error
    except (LookupError, ValueError) as error:
        raise SettingsError(f"the scenario cannot be used: {error}") from error


def _scenario(path: Path | None) -> Scenario:
    if path is None:
        return Scenario()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scenario)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror})") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path} is no scenario: {error}") from error


@simulator.command()
def add(
    kind: Annotated[str, typer.Argument(help="app, account, customer or person")],
    fields: Annotated[str, typer.Argument(help="JSON object; ids and tokens left out are made up.")] = "{}",
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """Add an app, an account, a customer or a person who logs in, or change it."""
    given = _parse(fields, dict[str, Any])
    verbs: dict[str, Callable[[Remote], Awaitable[msgspec.Struct]]] = {
        "app": lambda box: box.app(**given),
        "account": lambda box: box.account(**given),
        "customer": lambda box: box.customer(given.pop("account_id", ""), **given),
        "person": lambda box: box.person(**given),
    }
    if kind not in verbs:
        raise SettingsError("say what to add: app, account, customer or person")
    added = msgspec.to_builtins(_with(url, verbs[kind]))
    emit(added, as_json=as_json, table=_rows(added))


@simulator.command()
def write(
    account: Annotated[str, typer.Argument(help="account_id")],
    customer: Annotated[str, typer.Argument(help="customer_id")],
    text: str,
    *,
    ago: Annotated[float, typer.Option(help="Seconds since it was written: 90000 is a late delivery.")] = 0.0,
    delay: Annotated[float, typer.Option(help="Seconds by which its webhook is late.")] = 0.0,
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """A customer writes; prints the message's mid."""
    person = Customer(account_id=account, customer_id=customer)
    at = time.time() - ago if ago else None
    mid = _with(url, lambda box: box.write(person, text, at=at, delay=delay))
    emit({"mid": mid}, as_json=as_json, table=mid)


@simulator.command()
def unsend(
    mid: str,
    delay: Annotated[float, typer.Option(help="Seconds by which its webhook is late.")] = 0.0,
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """Take a message back."""
    _with(url, lambda box: box.unsend(mid, delay=delay))
    emit({"mid": mid}, as_json=as_json, table="unsent")


@simulator.command()
def act(
    actions: Annotated[str, typer.Argument(help='JSON list, such as [{"do":"react","mid":"…"}]')],
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """Let people do anything that `actions.py` names."""
    parsed = _parse(actions, list[AnyAction])
    made = msgspec.to_builtins(_with(url, lambda box: box.act(parsed)))
    emit(
        made, as_json=as_json, table="\n".join(f"{one['id'] or '-'}  {one['events']} events" for one in made)
    )


@simulator.command()
def fault(
    faults: Annotated[str, typer.Argument(help='JSON list, such as [{"effect":"reset","times":3}]')] = "[]",
    clear: Annotated[bool, typer.Option("--clear", help="Remove every fault first.")] = False,
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """Script faults, or show those in force."""
    parsed = _parse(faults, list[Fault])

    async def script(box: Remote) -> list[Fault]:
        if clear:
            await box.clear_faults()
        await box.fault(*parsed)
        return (await box.status()).faults

    active = _with(url, script)
    table = (
        "\n".join(f"{one.name}  times {one.times or 'for ever'}" for one in active) or "no faults in force"
    )
    emit(msgspec.to_builtins(active), as_json=as_json, table=table)


@simulator.command()
def books(
    marker: Annotated[str, typer.Argument(help="Only what holds this text.")] = "",
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """What was accepted, refused and delivered; 1 when the marker is nowhere."""
    found = _with(url, lambda box: box.books(marker))
    emit(msgspec.to_builtins(found), as_json=as_json, table=_rows(_summary(found)))
    if marker and not found.calls and not found.events:
        raise Failure("the books do not hold this text")


@simulator.command()
def settle(
    seconds: Annotated[float, typer.Option(help="How long to wait.")] = 10.0,
    url: Url = _URL,
    as_json: Json = False,
) -> None:
    """Wait until every event was acknowledged; 1 when some are still owed."""
    done = _with(url, lambda box: box.settled(seconds))
    emit({"settled": done}, as_json=as_json, table="settled" if done else "events are still owed")
    if not done:
        raise Failure("not every event was acknowledged: is the callback answering 200?")


def _summary(books: Books) -> dict[str, int]:
    return {
        "calls": len(books.calls),
        "accepted": len(books.accepted()),
        "violations": len(books.violations()),
        "duplicates": len(books.duplicates()),
        "events": len(books.events),
        "unacknowledged": len(books.unacknowledged()),
    }


def _rows(values: dict[str, Any]) -> rich.table.Table:
    table = rich.table.Table("what", "value")
    for name, value in values.items():
        table.add_row(name, str(value))
    return table


def _parse(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise SettingsError(f"this is not the JSON that is asked for: {error}") from error


def _with(url: str, ask: Callable[[Remote], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with Remote(url) as box:
            return await ask(box)

    return asyncio.run(connected())
