"""`kaiwa conversations …`: what is known of one, who controls its thread, and whether a person handles it."""

import asyncio
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from kaiwa.contracts import ids
from kaiwa.contracts.sends import Author, Recipient, SendRequest, ThreadControl
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.commands.accounts import ReadSettings
from kaiwa.dispatcher.commands.backfill import backfill
from kaiwa.dispatcher.commands.sends import put
from kaiwa.dispatcher.core.intake import fault
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_USAGE = 2

conversations = typer.Typer(help="Conversations: what is known of them, who controls them, who handles them.")

By = Annotated[
    str | None, typer.Option("--human", help="Asked for by this person; without it by automation.")
]
Name = Annotated[str | None, typer.Option(help="Names the request; the same name is done once.")]

conversations.command("backfill")(backfill)


@conversations.command("show")
def show(account: str, customer: str, *, as_json: Json = False) -> None:
    """Window, control, holds and disclosure of one conversation. Exit code 1 when it is unknown."""
    facts = asyncio.run(_conversation(load(ReadSettings).postgres.dsn.get_secret_value(), account, customer))
    if facts is None:
        raise Failure(f"nothing is known of {customer} at account {account}")
    table = Table("conversation", show_header=False)
    for name, value in facts.items():
        table.add_row(name, "" if value is None else str(value))
    emit(facts, as_json=as_json, table=table)


async def _conversation(dsn: str, account_id: str, customer_id: str) -> dict[str, Any] | None:
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="conversations") as session:
        row = await _sql.show_conversation(session, account_id=account_id, customer_id=customer_id)
    return row and dict(row)


@conversations.command("pass")
def pass_control(
    account: str,
    customer: str,
    *,
    to: Annotated[str | None, typer.Option(help="The app's id; without it the default app.")] = None,
    human: By = None,
    request_id: Name = None,
    as_json: Json = False,
) -> None:
    """Give the thread to another app (1217981644879628 is Instagram's own inbox)."""
    _control(account, customer, human, request_id, ThreadControl("pass", target_app_id=to), as_json=as_json)


@conversations.command()
def take(
    account: str, customer: str, *, human: By = None, request_id: Name = None, as_json: Json = False
) -> None:
    """Take the thread from another app, which conversation routing and a grant allow."""
    _control(account, customer, human, request_id, ThreadControl("take"), as_json=as_json)


@conversations.command()
def release(
    account: str, customer: str, *, human: By = None, request_id: Name = None, as_json: Json = False
) -> None:
    """Give the thread up: it is idle, and the default app may answer."""
    _control(account, customer, human, request_id, ThreadControl("release"), as_json=as_json)


@conversations.command()
def request(
    account: str, customer: str, *, human: By = None, request_id: Name = None, as_json: Json = False
) -> None:
    """Ask the owner for the thread, where conversation routing is off."""
    _control(account, customer, human, request_id, ThreadControl("request"), as_json=as_json)


@conversations.command()
def extend(
    account: str,
    customer: str,
    *,
    seconds: Annotated[int, typer.Option(help="From now on; at most 604800, 7 days.")],
    human: By = None,
    request_id: Name = None,
    as_json: Json = False,
) -> None:
    """Keep the thread for longer than 24 hours after the customer's last message."""
    _control(account, customer, human, request_id, ThreadControl("extend", seconds=seconds), as_json=as_json)


@conversations.command()
def escalate(
    account: str, customer: str, *, human: By = None, request_id: Name = None, as_json: Json = False
) -> None:
    """Let a person handle the conversation: automation is held until `hand-back`."""
    _ask(_request("escalate", account, customer, human=human, name=request_id), as_json=as_json)


@conversations.command("hand-back")
def hand_back(
    account: str, customer: str, *, human: By = None, request_id: Name = None, as_json: Json = False
) -> None:
    """Let automation go on, which discloses itself again."""
    _ask(_request("release", account, customer, human=human, name=request_id), as_json=as_json)


def _control(
    account: str, customer: str, human: str | None, name: str | None, control: ThreadControl, *, as_json: bool
) -> None:
    _ask(
        _request("thread_control", account, customer, human=human, name=name, control=control),
        as_json=as_json,
    )


def _request(
    kind: Literal["thread_control", "escalate", "release"],
    account: str,
    customer: str,
    *,
    human: str | None,
    name: str | None,
    control: ThreadControl | None = None,
) -> SendRequest:
    return SendRequest(
        request_id=name or ids.random(),
        kind=kind,
        account_id=account,
        recipient=Recipient(customer_id=customer),
        author=Author("human", human) if human else Author("automation"),
        thread_control=control,
        requested_at=rfc3339(utc_now()),
    )


def _ask(asked: SendRequest, *, as_json: bool) -> None:
    if wrong := fault(asked):
        raise Failure(wrong.explanation, _USAGE)
    put(asked, as_json=as_json)
