"""`kaiwa send …`, `kaiwa sends …`: ask, and see what became of it."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import Author, Media, Message, Recipient, SendRequest, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.commands.accounts import ReadSettings
from kaiwa.dispatcher.commands.settle import settle
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_WITHIN = 10.0
_USAGE = 2

sends = typer.Typer(help="Send requests: what became of them.")
sends.command("settle")(settle)


class SendSettings(Settings):
    kafka: Kafka


def send(
    account: Annotated[str, typer.Option(help="The account's id.")],
    to: Annotated[str, typer.Option(help="The customer's id.")],
    *,
    text: Annotated[str | None, typer.Option(help="What to write.")] = None,
    image: Annotated[str | None, typer.Option(help="An image's https address.")] = None,
    human: Annotated[
        str | None, typer.Option(help="Written by this person; without it by automation.")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option(help="Names the request; the same name is one send.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask for a message to be sent: a record on instagram.sends.v1."""
    if (text is None) == (image is None):
        raise Failure("give either --text or --image", _USAGE)
    request = SendRequest(
        request_id=request_id or ids.random(),
        account_id=account,
        recipient=Recipient(customer_id=to),
        author=Author("human", human) if human else Author("automation"),
        message=Message(text=text) if text is not None else Message(images=(Media(url=image),)),
        requested_at=rfc3339(utc_now()),
    )
    put(request, as_json=as_json)


def put(request: SendRequest, *, as_json: bool) -> None:
    """Publish a request, and print its name."""
    asyncio.run(_publish(load(SendSettings).kafka, request))
    name = request.request_id
    emit({"request_id": name}, as_json=as_json, table=f"{name}\nsee: kaiwa sends show {name}")


async def _publish(kafka: Kafka, request: SendRequest) -> None:
    async with Producer(kafka, client_id="kaiwa-send") as producer:
        try:
            await producer.publish([Outgoing(topics.SENDS, request.key, encode(request))], within=_WITHIN)
        except PublishFailed as error:
            raise DependencyError(
                f"the request may not be in Kafka ({error}): send it again with the same --request-id"
            ) from error


@sends.command("show")
def show(request_id: str, *, as_json: Json = False) -> None:
    """A request, its parts, and what its reason means. Exit code 1 when there is none."""
    rows = asyncio.run(_show(_dsn(), request_id))
    if not rows:
        raise Failure(f"no request {request_id}: it was never taken in, or is over 30 days old")
    table = Table("request", show_header=False)
    for row in rows:
        for name, value in row.items():
            if value not in (None, []):
                table.add_row(name, str(value))
    emit(rows, as_json=as_json, table=table)


@sends.command("list")
def list_command(
    *,
    state: Annotated[str | None, typer.Option(help="Only this state, such as in_doubt.")] = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """The newest requests."""
    rows = asyncio.run(_list(_dsn(), state=state, account_id=account, most=limit))
    table = Table("request", "account", "customer", "author", "lane", "state", "reason", "requested")
    for row in rows:
        *names, requested, _ = row.values()
        table.add_row(*(str(name or "") for name in names), rfc3339(requested))
    emit(rows, as_json=as_json, table=table)


def _dsn() -> str:
    return load(ReadSettings).postgres.dsn.get_secret_value()


async def _show(dsn: str, request_id: str) -> list[dict[str, Any]]:
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="sends") as session:
        found = [dict(row) async for row in _sql.show_intent(session, request_id=request_id)]
        for row in found:
            row["parts"] = [dict(p) async for p in _sql.parts_of(session, ids=[row.pop("intent_id")])]
            row["advice"] = _advice(row["reason"])
        return found


def _advice(reason: str | None) -> str | None:
    return next((known.advice for known in Reason if known == reason), None)


async def _list(dsn: str, **chosen: Any) -> list[dict[str, Any]]:
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="sends") as session:
        return [dict(row) async for row in _sql.list_intents(session, **chosen)]
