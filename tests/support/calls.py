"""The client that the dispatcher uses, one sender, one message, and what an answer that takes it looks like."""

from contextlib import AbstractAsyncContextManager

from wire import says

from kaiwa.meta.answers import Accepted, NotSent
from kaiwa.meta.graph import Graph, Sender, connect

SHOP = Sender("facebook", "1029", "token")
HELLO = {"message": {"text": "hello"}}
TAKEN = says("200 OK", b'{"recipient_id":"1111","message_id":"m1"}')
ACCEPTED = Accepted("m1", "1111")
NO_CONNECTION = NotSent("ClientConnectorError")


def to(base: str, *, connections: int = 5) -> AbstractAsyncContextManager[Graph]:
    """The client as the dispatcher makes it."""
    return connect(facebook=base, instagram=base, version="v26.0", connections=connections)
