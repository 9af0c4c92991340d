"""The Graph API's two hosts as path prefixes: `/facebook/v26.0/…` and `/instagram/v26.0/…`."""

import asyncio
import json
from typing import Any, cast, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kaiwa.meta.wire import dump
from kaiwa.simulator import uploads
from kaiwa.simulator.books import Read
from kaiwa.simulator.box import Box
from kaiwa.simulator.breaking import Reset, arrival, silence
from kaiwa.simulator.errors import GraphError, Refusal, Rule, refuse
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Account, App, Host
from kaiwa.simulator.routing import Edge
from kaiwa.simulator.sending import Post, Received, Verdict

_SORRY = "<html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>"
_IDLE_USAGE = 1
_EDGES = ("messages", uploads.EDGE, *get_args(Edge))


class GraphApi:
    """The doors of the platform."""

    def __init__(self, box: Box, stopping: asyncio.Event) -> None:
        self._box = box
        self._stopping = stopping

    @property
    def routes(self) -> list[Route]:
        routes = []
        for host in get_args(Host):
            path = f"/{host}/{{version}}"
            routes += [
                *(Route(f"{path}/{{node}}/{edge}", self.send, methods=["POST"]) for edge in _EDGES),
                Route(f"{path}/{{path:path}}", self.read, methods=["GET"]),
                Route(f"{path}/{{path:path}}", self.unknown, methods=["POST", "DELETE"]),
            ]
        return routes

    async def send(self, request: Request) -> Response:
        """POST …/messages or an edge of thread control or uploads: receive, judge, answer, with a fault in between where the script has one."""
        raw = await request.body()
        received = self._box.sending.receive(
            _post(request, raw), now=self._box.clock.now(), arrived=arrival(request)
        )
        fault = received.fault
        if fault is not None and fault.when == "before":
            if fault.effect != "latency":
                return await self._instead(request, received, fault)
            await silence(request, self._stopping, fault.seconds)
        verdict = self._box.sending.judge(received, self._box.clock.now())
        self._box.deliver(verdict.events)
        if fault is not None and fault.when == "after" and verdict.error is None:
            return await self._afterwards(request, received, verdict, fault)
        return self._answer(received, verdict)

    async def _instead(self, request: Request, received: Received, fault: Fault) -> Response:
        """A fault before the acceptance: the platform never saw the call."""
        self._box.progress.tick()
        if fault.effect == "error":
            return self._answer(received, self._box.sending.refuse(received, _scripted(fault)), fault)
        return await self._broken(request, fault)

    async def _afterwards(
        self, request: Request, received: Received, verdict: Verdict, fault: Fault
    ) -> Response:
        """A fault after the acceptance: the customer has the message, whatever the caller is told."""
        match fault.effect:
            case "latency":
                await silence(request, self._stopping, fault.seconds)
            case "echo_first":
                events = verdict.events
                await self._box.progress.until(lambda: all(e.acknowledged_at for e in events), fault.seconds)
            case "error":
                return self._answer(received, Verdict(error=_scripted(fault)), fault)
            case "usage":
                return self._answer(received, verdict, fault)
            case _:
                return await self._broken(request, fault)
        return self._answer(received, verdict)

    async def _broken(self, request: Request, fault: Fault) -> Response:
        match fault.effect:
            case "hang":
                await silence(request, self._stopping, fault.seconds)
                return Reset()
            case "status":
                return HTMLResponse(_SORRY, fault.status)
            case "garbled":
                return Response(b'{"recipient_id":"', media_type="application/json")
            case _:
                return Reset()

    def _answer(self, received: Received, verdict: Verdict, fault: Fault | None = None) -> Response:
        call = received.call
        headers = {} if call.account_id is None else self._usage(call.account_id, fault)
        if verdict.error is not None:
            return self._error(verdict.error, call.host, headers)
        return _json(verdict.answer, headers=headers)

    def _error(self, error: GraphError, host: Host, headers: dict[str, str]) -> Response:
        return _json(error.body(self._box.ids.trace(), host), error.status, headers)

    def _usage(self, account_id: str, fault: Fault | None = None) -> dict[str, str]:
        """The usage headers; the hosts spell the first one differently (section 4.3)."""
        account = self._box.state.account(account_id)
        percent = _IDLE_USAGE if fault is None or fault.usage is None else fault.usage
        regain = fault.regain_minutes if fault else 0
        counts = {"call_count": percent, "total_cputime": percent, "total_time": percent}
        own = {"call_volume": percent, "cpu_time": percent} if account.login == "instagram" else counts
        kind = "instagram" if account.login == "instagram" else "messenger"
        business = {account.node: [{"type": kind, **counts, "estimated_time_to_regain_access": regain}]}
        return {"X-App-Usage": json.dumps(own), "X-Business-Use-Case-Usage": json.dumps(business)}

    async def read(self, request: Request) -> Response:
        """GET: conversations, threads, messages, thread owner."""
        host = _host(request)
        query, path = request.query_params, request.path_params
        headers: dict[str, str] = {}
        try:
            now, arrived, token = self._box.clock.now(), arrival(request), token_of(request)
            if host == "facebook" and token is not None and self._box.dialogs.knows(token):
                return _json(self._box.dialogs.read(token, path["path"], now))
            account, app = self._authenticate(request, now)
            fault = self._box.script.for_read(account.account_id, f"{path['path']}?{query}")
            # the headers come after enough traffic only, which reads alone never are
            headers = self._usage(account.account_id, fault) if fault else {}
            note = Read(arrived=arrived, account_id=account.account_id, app_id=app.app_id, what=path["path"])
            self._box.state.books.asked.append(note)
            if fault is not None and fault.effect == "error":
                note.code = fault.code
                return self._error(_scripted(fault), host, headers)
            return _json(
                self._box.reading.read(
                    account,
                    app,
                    path["path"],
                    query,
                    now=now,
                    arrived=arrived,
                    scopes=self._box.state.scopes_of(token),
                ),
                headers=headers,
            )
        except Refusal as refusal:
            return self._error(refusal.error, host, headers)

    def _authenticate(self, request: Request, now: float) -> tuple[Account, App]:
        version, proof = request.path_params["version"], request.query_params.get("appsecret_proof")
        return self._box.state.authenticate(_host(request), version, token_of(request), proof, now)

    async def unknown(self, request: Request) -> Response:
        """What the box does not offer."""
        return self._error(refuse(Rule.PATH, "Unknown path components", code=2500).error, _host(request), {})


def _post(request: Request, raw: bytes) -> Post:
    try:
        body: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    return Post(
        host=_host(request),
        version=request.path_params["version"],
        node=request.path_params["node"],
        token=token_of(request),
        proof=request.query_params.get("appsecret_proof"),
        body=body,
        edge=request.url.path.rpartition("/")[2],
    )


def _host(request: Request) -> Host:
    return cast("Host", request.url.path.split("/", 2)[1])


def token_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else request.query_params.get("access_token")


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dump(value), status, headers, media_type="application/json")


def _scripted(fault: Fault) -> GraphError:
    return GraphError(
        rule=Rule.SCRIPTED,
        code=fault.code,
        subcode=fault.subcode,
        message=f"(#{fault.code}) {fault.message}",
        status=fault.status,
    )
