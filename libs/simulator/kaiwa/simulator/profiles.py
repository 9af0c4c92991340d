"""Messenger profiles (section 2.5): ice breakers and the persistent menu of each account, kept and checked."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kaiwa.meta.wire import dump
from kaiwa.simulator import rules
from kaiwa.simulator.box import Box
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.model import Host
from kaiwa.simulator.server import token_of

MOST = {"ice_breakers": 4, "persistent_menu": 5}
_KEYS = {
    "ice_breakers": ({"question", "payload"},),
    "persistent_menu": ({"type", "title", "payload"}, {"type", "title", "url"}),
}


class ProfileApi:
    """GET, POST and DELETE of `messenger_profile`."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._profiles: dict[str, dict[str, list[dict[str, Any]]]] = {}

    @property
    def routes(self) -> list[Route]:
        hosts: tuple[Host, ...] = ("facebook", "instagram")
        return [
            Route(
                f"/{host}/{{version}}/{{node}}/messenger_profile",
                self._handler(host),
                methods=["GET", "POST", "DELETE"],
            )
            for host in hosts
        ]

    def _handler(self, host: Host) -> Any:
        async def handle(request: Request) -> Response:
            raw = await request.body()
            try:
                return _json(self._answer(request, raw, host))
            except Refusal as refusal:
                error = refusal.error
                return _json(error.body(self._box.ids.trace(), host), error.status)

        return handle

    def _answer(self, request: Request, raw: bytes, host: Host) -> dict[str, Any]:
        query, path = request.query_params, request.path_params
        account, _ = self._box.state.authenticate(
            host, path["version"], token_of(request), query.get("appsecret_proof"), self._box.clock.now()
        )
        rules.check_node(account, path["node"])
        kept = self._profiles.setdefault(account.account_id, {})
        if request.method == "GET":
            _instagram(query.get("platform"))
            wanted = (query.get("fields") or "").split(",")
            return {"data": [{name: kept[name]} for name in wanted if name in kept]}
        body = _body(raw)
        _instagram(query.get("platform") or body.pop("platform", None))
        body.pop("platform", None)
        if request.method == "DELETE":
            for name in body.get("fields", []):
                kept.pop(name, None)
        else:
            checked = {name: _section(name, value) for name, value in body.items()}
            kept |= checked
        return {"result": "success", "success": True}


def _instagram(platform: Any) -> None:
    if platform != "instagram":
        raise refuse(Rule.BODY, "platform must be instagram")


def _body(raw: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(Rule.BODY, "The body is no JSON object") from None


def _section(name: str, value: Any) -> list[dict[str, Any]]:
    if name not in MOST:
        raise refuse(Rule.BODY, f"Unexpected parameter {name}")
    if not isinstance(value, list) or "default" not in [entry.get("locale") for entry in value]:
        raise refuse(Rule.BODY, f"{name} needs the default locale")
    for entry in value:
        actions = entry.get("call_to_actions", [])
        if set(entry) != {"locale", "call_to_actions"} or not 1 <= len(actions) <= MOST[name]:
            raise refuse(Rule.SIZE, f"{name} has 1 to {MOST[name]} entries for each locale")
        if any(set(action) not in _KEYS[name] for action in actions):
            raise refuse(Rule.BODY, f"An entry of {name} has {_KEYS[name]}")
    return value


def _json(value: object, status: int = 200) -> Response:
    return Response(dump(value), status, media_type="application/json")
