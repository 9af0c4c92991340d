"""The login products' own doors: Facebook's dialog, Instagram's dialog and token endpoint, as path prefixes."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from kaiwa.meta.wire import dump
from kaiwa.simulator.box import Box
from kaiwa.simulator.dialogs import Json, Query, Stopped
from kaiwa.simulator.errors import Refusal
from kaiwa.simulator.model import Host

FACEBOOK = "/facebook-login"
INSTAGRAM = "/instagram-login"


class Doorway:
    def __init__(self, box: Box) -> None:
        self._box = box

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{FACEBOOK}/{{version}}/dialog/oauth", self._facebook),
            Route(f"{INSTAGRAM}/oauth/authorize", self._instagram),
            Route(f"{INSTAGRAM}/oauth/access_token", self._redeem, methods=["POST"]),
            Route("/facebook/{version}/oauth/access_token", self._facebook_token),
            Route("/instagram/access_token", self._longer),  # it bears no version
        ]

    async def _facebook(self, request: Request) -> Response:
        return self._dialog("facebook", request)

    async def _instagram(self, request: Request) -> Response:
        return self._dialog("instagram", request)

    async def _facebook_token(self, request: Request) -> Response:
        """A code's token, or a longer one for a token."""
        query, dialogs = request.query_params, self._box.dialogs
        longer = query.get("grant_type") == "fb_exchange_token"
        return self._answer("facebook", dialogs.lengthen if longer else dialogs.redeem, query)

    async def _longer(self, request: Request) -> Response:
        return self._answer("instagram", self._box.dialogs.lengthen, request.query_params)

    def _answer(self, login: Host, work: Callable[[Host, Query, float], Json], query: Query) -> Response:
        try:
            answer, status = work(login, query, self._box.clock.now()), 200
        except Refusal as refusal:
            answer, status = refusal.error.body(self._box.ids.trace(), login), refusal.error.status
        return Response(dump(answer), status, media_type="application/json")

    def _dialog(self, login: Host, request: Request) -> Response:
        query, dialogs = dict(request.query_params), self._box.dialogs
        try:
            back = dialogs.decide(login, query, self._box.clock.now())
        except Stopped as stopped:
            return HTMLResponse(f"<!doctype html><title>Error</title><p>{stopped}</p>", 400)
        if back is None:
            return HTMLResponse(dialogs.page(login, query))
        return RedirectResponse(back, 302)

    async def _redeem(self, request: Request) -> Response:
        """Instagram's token endpoint, whose errors have a shape of their own."""
        form = dict(parse_qsl((await request.body()).decode("ascii", "replace")))
        try:
            answer, status = self._box.dialogs.redeem("instagram", form, self._box.clock.now()), 200
        except Refusal as refusal:
            said = refusal.error.message.partition(") ")[2]
            answer, status = {"error_type": "OAuthException", "code": 400, "error_message": said}, 400
        return Response(dump(answer), status, media_type="application/json")
