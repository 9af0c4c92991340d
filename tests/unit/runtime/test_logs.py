"""Promise 8: whatever is handed to the logger, no content comes out.

Mutation: let `keep_safe` return its event as it is, or give `_Foreign` the whole message, and the canary sings.
"""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from kaiwa.runtime import logs
from kaiwa.runtime.errors import DependencyError

CANARY = "canary-7f3a"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("example")

    def read() -> list[dict[str, Any]]:
        text = capsys.readouterr().err
        assert CANARY not in text
        return [json.loads(line) for line in text.splitlines()]

    yield read
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers, root.level = handlers, level


def fail_on(content: str) -> None:
    try:
        int(content)
    except ValueError as error:
        raise RuntimeError(f"cannot use {content}") from error


def test_a_line_says_who_when_and_what(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(trace_id="0af7651916cd43dd8448eb211c80319c")
    logs.get_logger().info("published", topic="instagram.events.v1", count=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "published",
        "level": "info",
        "service": "example",
        "topic": "instagram.events.v1",
        "count": 3,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }


@pytest.mark.parametrize(
    "key",
    [
        "text",
        "url",
        "token",
        "secret",
        "signature",
        "body",
        "authorization",
        "username",
        "customer_id",
        "message",
        "x",
    ],
)
def test_what_is_not_known_to_be_safe_is_dropped_and_named(lines: Any, key: str) -> None:
    logs.get_logger().warning("refused", **{key: CANARY}, reason="invalid")
    (line,) = lines()
    assert line["dropped"] == [key]
    assert line["reason"] == "invalid"


def test_long_text_is_cut_and_bytes_are_counted(lines: Any) -> None:
    logs.get_logger().info("cut", path="p" * 1000, state=CANARY.encode())
    (line,) = lines()
    assert len(line["path"]) == 301
    assert line["state"] == "11 bytes"


def test_an_exception_is_its_type_and_place(lines: Any) -> None:
    try:
        fail_on(CANARY)
    except RuntimeError:
        logs.get_logger().exception("failed")
    (line,) = lines()
    assert line["error"] == "RuntimeError"
    assert line["caused_by"] == ["ValueError"]
    assert line["where"].endswith("fail_on")


def test_an_error_of_ours_says_what_to_do(lines: Any) -> None:
    logs.get_logger().error("cannot start", exc_info=DependencyError("PostgreSQL is away: start it"))
    (line,) = lines()
    assert line["explanation"] == "PostgreSQL is away: start it"


def test_other_libraries_give_their_template_only(lines: Any) -> None:
    log = logging.getLogger("faststream.kafka")
    log.warning("could not decode %s", CANARY)
    log.error("ValueError: " + CANARY)  # noqa: G003  # FastStream and asyncio build their lines so
    log.error("Task exception was never retrieved\nfuture: " + CANARY)  # noqa: G003  # as above
    log.info(CANARY)
    try:
        fail_on(CANARY)
    except RuntimeError:
        log.exception("handler failed")
    assert [line["event"] for line in lines()] == [
        "could not decode %s",
        "ValueError",
        "Task exception was never retrieved",
        "handler failed",
    ]


def test_the_kafka_client_may_name_its_broker(lines: Any) -> None:
    logging.getLogger("aiokafka.conn").error("Unable connect to %s:%s", "127.0.0.1", 9092)
    (line,) = lines()
    assert line["event"] == "Unable connect to 127.0.0.1:9092"
    assert line["logger"] == "aiokafka.conn"


def test_no_line_of_ours_names_what_would_be_dropped() -> None:
    """Broken by: a key of a log call that `SAFE` lacks: whoever reads the line is told that something is missing."""
    sources = (path for room in ("libs", "services") for path in (ROOT / room).rglob("kaiwa/**/*.py"))
    unsafe = {
        (path.name, key.arg)
        for path in sources
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("_log.")
        for key in call.keywords
        if key.arg is not None and key.arg not in logs.SAFE
    }
    assert not unsafe
