"""The doors about tokens and subscriptions: `debug_token`, `refresh_access_token`, `subscribed_apps` (sections 1.1, 9)."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kaiwa.meta.wire import dump
from kaiwa.simulator import rules, tokens
from kaiwa.simulator.box import Box
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.model import App, Host
from kaiwa.simulator.server import token_of


class TokenApi:
    """What the platform says of tokens, and who listens to an account."""

    def __init__(self, box: Box) -> None:
        self._box = box

    @property
    def routes(self) -> list[Route]:
        edge = "/{version}/{node}/subscribed_apps"
        return [
            Route("/facebook/{version}/debug_token", self._answer(self._debug, "facebook")),
            Route("/instagram/refresh_access_token", self._answer(self._refresh, "instagram")),
            Route(f"/facebook{edge}", self._answer(self._subscribe, "facebook"), methods=["POST", "DELETE"]),
            Route(
                f"/instagram{edge}", self._answer(self._subscribe, "instagram"), methods=["POST", "DELETE"]
            ),
        ]

    def _answer(self, work: Callable[[Request, bytes, Host], Any], host: Host) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            raw = await request.body()
            try:
                return _json(work(request, raw, host))
            except Refusal as refusal:
                error = refusal.error
                return _json(error.body(self._box.ids.trace(), host), error.status)

        return handle

    def _debug(self, request: Request, _raw: bytes, _host: Host) -> dict[str, Any]:
        """GET debug_token, by an app's own token `app_id|secret`."""
        app = self._caller(token_of(request))
        state = self._box.state
        asked = request.query_params.get("input_token", "")
        if (user := self._box.dialogs.inspect(asked, self._box.clock.now())) is not None:
            return user
        token = state.tokens.get(asked)
        if token is not None and token.app_id != app.app_id:
            raise refuse(Rule.AUTH, "The input_token belongs to another app")
        account = None if token is None else state.account(token.account_id)
        return tokens.debugged(token, account, self._box.clock.now())

    def _caller(self, token: str | None) -> App:
        app_id, _, secret = (token or "").partition("|")
        app = self._box.state.apps.get(app_id)
        if app is None or secret != app.secret:
            raise refuse(Rule.AUTH, "Invalid OAuth access token signature", code=190, status=401)
        return app

    def _refresh(self, request: Request, _raw: bytes, _host: Host) -> dict[str, Any]:
        """GET refresh_access_token: the old token lives on until its own end."""
        state, now = self._box.state, self._box.clock.now()
        if request.query_params.get("grant_type") != "ig_refresh_token":
            raise refuse(Rule.BODY, "grant_type must be ig_refresh_token")
        made = tokens.refreshed(state.tokens.get(token_of(request) or ""), now)
        name = self._box.ids.token("instagram")
        state.tokens[name] = made
        return {"access_token": name, "token_type": "bearer", "expires_in": int(tokens.LIFE)}

    def _subscribe(self, request: Request, raw: bytes, host: Host) -> dict[str, Any]:
        """POST and DELETE subscribed_apps; its fields stand in the query or in a JSON body."""
        state, query, path = self._box.state, request.query_params, request.path_params
        account, app = state.authenticate(
            host, path["version"], token_of(request), query.get("appsecret_proof"), self._box.clock.now()
        )
        rules.check_node(account, path["node"])
        wanted: frozenset[str] = frozenset()
        if request.method == "POST":
            wanted = tokens.subscribed(
                query.get("subscribed_fields") or _named(raw), host, state.scopes_of(token_of(request))
            )
        state.subscriptions[account.account_id, app.app_id] = wanted
        return {"success": True}


def _named(raw: bytes) -> str:
    try:
        return msgspec.json.decode(raw, type=dict[str, str]).get("subscribed_fields", "")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _json(value: object, status: int = 200) -> Response:
    return Response(dump(value), status, media_type="application/json")
