"""A service that shows its life on stdout; how it misbehaves is its argument."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator

from kaiwa.runtime.app import Background, Service, main
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.http import Receive, Scope, Send, respond
from kaiwa.runtime.settings import Http, Postgres, ServiceSettings, load

HOW = sys.argv[1]


class Settings(ServiceSettings):
    http: Http = Http(port=0)
    postgres: Postgres


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def loop(name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        say(f"{name} ended")


async def fail() -> None:
    raise ValueError("content of a customer")


@contextlib.asynccontextmanager
async def lifespan(background: Background) -> AsyncIterator[None]:
    say("connecting")
    try:
        if HOW == "away":
            raise DependencyError("PostgreSQL is away: start it")
        if HOW == "hanging":
            await asyncio.Event().wait()
        background.start(loop("first"), "first")
        background.start(loop("second"), "second")
        if HOW == "failing":
            background.start(fail(), "failing")
        yield
    finally:
        say("closed")


async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers a while after SIGUSR1 came: later than uvicorn's own pause, so that only our grace lets it finish."""
    released = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, released.set)
    say("in flight")
    await released.wait()
    await asyncio.sleep(0.5)
    await respond(send, 200, b"done")


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError("content of a customer")


def build() -> Service:
    return Service(
        name="example",
        settings=load(Settings),
        routes={("GET", "/slow"): slow, ("GET", "/broken"): broken},
        lifespan=lifespan,
        ready=lambda: "no secrets" if HOW == "unready" else None,
    )


if __name__ == "__main__":
    main(build)
