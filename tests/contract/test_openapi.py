"""The door's description: valid by its standard, and of the routes that there are."""

import asyncio
from typing import Any, cast

from openapi_spec_validator import OpenAPIV31SpecValidator
from published import read

from kaiwa.contracts.schema.openapi import OPERATIONS
from kaiwa.dispatcher.door.app import Door
from kaiwa.dispatcher.door.outcomes import Feed
from kaiwa.runtime.settings import Kafka

OPENAPI = read("openapi.json")


def test_it_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(OPENAPI).validate()


def test_every_route_is_described_and_nothing_else() -> None:
    """Breaks when the door learns a route, or loses one, and the description does not."""
    kafka = Kafka(bootstrap_servers="nowhere:9092")
    nothing = cast("Any", None)
    edges = dict.fromkeys(("pool", "questions", "producer", "vault", "policy"), nothing)
    door = Door(host="127.0.0.1", port=0, kafka=kafka, partitions=1, **edges)
    routes = door.routes(Feed(kafka, asyncio.Event()))
    assert routes.keys() == OPERATIONS.keys()
    described = {(method.upper(), path) for path, methods in OPENAPI["paths"].items() for method in methods}
    assert routes.keys() == described


def test_every_operation_needs_a_key_and_tells_its_problems() -> None:
    for methods in OPENAPI["paths"].values():
        for operation in methods.values():
            assert "security" not in operation
            assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys()
    assert OPENAPI["security"] == [{"key": []}]


def test_a_body_cannot_choose_a_tag() -> None:
    body = OPENAPI["components"]["schemas"]["SendBody"]
    assert body["additionalProperties"] is False
    assert "tag" not in body["properties"]
