"""From a request's method and path to its handler: exact paths, and one parameter as the last segment."""

from collections import defaultdict
from collections.abc import Mapping

from kaiwa.runtime.http import AsgiHandler, Receive, Scope, Send, respond

Methods = dict[str, AsgiHandler]


def router(routes: Mapping[tuple[str, str], AsgiHandler]) -> AsgiHandler:
    """One handler for all routes: 404 for an unknown path, 405 for a known one with another method."""
    exact: defaultdict[str, Methods] = defaultdict(dict)
    prefixed: defaultdict[tuple[str, str], Methods] = defaultdict(dict)
    for (method, path), handler in routes.items():
        parent, _, last = path.rpartition("/")
        if last.startswith("{"):
            prefixed[parent, last.strip("{}")][method] = handler
        else:
            exact[path][method] = handler

    def find(path: str) -> tuple[Methods, dict[str, str]]:
        if (methods := exact.get(path)) is not None:
            return methods, {}
        parent, _, last = path.rpartition("/")
        found = (
            (methods, {name: last}) for (known, name), methods in prefixed.items() if known == parent and last
        )
        return next(found, ({}, {}))

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        methods, parameters = find(scope["path"])
        handler = methods.get(scope["method"])
        if handler is not None:
            scope["path_params"] = parameters
            await handler(scope, receive, send)
        elif methods:
            await respond(
                send, 405, b"method not allowed\n", headers=[(b"allow", ", ".join(methods).encode())]
            )
        else:
            await respond(send, 404, b"not found\n")

    return route
