"""From a request's method and path to its handler: exact paths, and paths of which some segments are parameters."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from kaiwa.runtime.http import AsgiHandler, Headers, Receive, Scope, Send, respond

Methods: TypeAlias = dict[str, AsgiHandler]
Segments: TypeAlias = tuple[str, ...]
Found: TypeAlias = tuple[str, Methods, dict[str, str]]
"""The route, its handlers by method, and the parameters."""

Unmatched: TypeAlias = Callable[[Send, int, Headers], Awaitable[None]]
"""Answers 404 or 405."""

_WORDS = {404: b"not found\n", 405: b"method not allowed\n"}


async def _plain(send: Send, status: int, headers: Headers) -> None:
    await respond(send, status, _WORDS[status], headers=headers)


def router(routes: Mapping[tuple[str, str], AsgiHandler], *, unmatched: Unmatched = _plain) -> AsgiHandler:
    """One handler for all routes: 404 for an unknown path, 405 for a known one with another method.

    A segment `{name}` stands for any one that is not empty; `scope["path_params"]` holds it, and `scope["route"]` the
    path as it stands in ``routes``.
    """
    find = _finder(routes)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"], methods, scope["path_params"] = find(scope["path"])
        handler = methods.get(scope["method"])
        if handler is not None:
            await handler(scope, receive, send)
        elif methods:
            await unmatched(send, 405, [(b"allow", ", ".join(methods).encode())])
        else:
            await unmatched(send, 404, [])

    return route


def _finder(routes: Mapping[tuple[str, str], AsgiHandler]) -> Callable[[str], Found]:
    exact: defaultdict[str, Methods] = defaultdict(dict)
    patterns: defaultdict[Segments, Methods] = defaultdict(dict)
    for (method, path), handler in routes.items():
        if "{" in path:
            patterns[tuple(path.split("/"))][method] = handler
        else:
            exact[path][method] = handler

    def find(path: str) -> Found:
        if (methods := exact.get(path)) is not None:
            return path, methods, {}
        segments = tuple(path.split("/"))
        for pattern, methods in patterns.items():
            if (parameters := _matched(pattern, segments)) is not None:
                return "/".join(pattern), methods, parameters
        return "", {}, {}

    return find


def _matched(pattern: Segments, segments: Segments) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parameters = {}
    for wanted, found in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not found:
                return None
            parameters[wanted.strip("{}")] = found
        elif wanted != found:
            return None
    return parameters
