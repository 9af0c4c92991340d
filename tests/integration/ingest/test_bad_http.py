"""HTTP as nobody should write it, and JSON that breaks parsers, at the door of the real process."""

import asyncio
from urllib.parse import urlsplit

import pytest
from deliveries import body, entry, incoming, text
from doors import PATH, SECRET, Door, written

from kaiwa.contracts import events, topics
from kaiwa.meta.signatures import sign

DELIVERY = body(entry(text("m1"), account="17841400000000077"))
SIGNED = f"X-Hub-Signature-256: {sign(SECRET, DELIVERY)}"


async def told(door: Door, request: bytes) -> bytes:
    """Everything that comes back on one connection."""
    address = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer


def request(*lines: str, content: bytes = b"", line: str = f"POST {PATH} HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: ingest", "Connection: close", *lines, "", ""]).encode() + content


def chunked(content: bytes, size: int) -> bytes:
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


LENGTH = f"Content-Length: {len(DELIVERY)}"
HTTP = {
    "chunks": (request(SIGNED, "Transfer-Encoding: chunked", content=chunked(DELIVERY, 7)), 200),
    "any content type": (request(SIGNED, LENGTH, "Content-Type: image/png", content=DELIVERY), 200),
    "no content type": (request(SIGNED, LENGTH, content=DELIVERY), 200),
    "a query": (request(SIGNED, LENGTH, content=DELIVERY, line=f"POST {PATH}?a=%ff HTTP/1.1"), 200),
    "HTTP/1.0": (request(SIGNED, LENGTH, content=DELIVERY, line=f"POST {PATH} HTTP/1.0"), 200),
    "no body at all": (request(), 401),
    "a shorter body than signed": (request(SIGNED, "Content-Length: 5", content=DELIVERY[:5]), 401),
    "the signature in another header": (request(SIGNED.replace("-256", ""), LENGTH, content=DELIVERY), 401),
    "two signatures, the first forged": (
        request("X-Hub-Signature-256: sha256=" + "0" * 64, SIGNED, LENGTH, content=DELIVERY),
        401,
    ),
    "a length above the cap": (request("Content-Length: 9999999999"), 413),
    "a length beyond 64 bits": (request("Content-Length: " + "9" * 30), 400),
    "a length that is none": (request("Content-Length: many"), 400),
    "a negative length": (request("Content-Length: -1"), 400),
    "two lengths": (request("Content-Length: 1", "Content-Length: 2", content=b"ab"), 400),
    "a length and chunks": (
        request("Content-Length: 3", "Transfer-Encoding: chunked", content=b"0\r\n\r\n"),
        400,
    ),
    "a broken chunk": (request("Transfer-Encoding: chunked", content=b"zz\r\n"), 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a header without a colon": (request("X-Hub"), 400),
    "another method": (request(line=f"PUT {PATH} HTTP/1.1"), 405),
    "HEAD": (request(line=f"HEAD {PATH} HTTP/1.1"), 405),
    "TRACE": (request(line=f"TRACE {PATH} HTTP/1.1"), 405),
    "no such path": (request(line="GET /admin HTTP/1.1"), 404),
    "a path that climbs": (request(line=f"POST {PATH}/../../livez HTTP/1.1"), 404),
    "a path of any bytes": (request(line="GET /%00%ff%0d%0aX: HTTP/1.1"), 404),
    "an app that is none": (
        request(SIGNED, LENGTH, content=DELIVERY, line=f"POST {PATH}/%F0%9F HTTP/1.1"),
        401,
    ),
}


@pytest.mark.parametrize("name", HTTP)
async def test_http(door: Door, name: str) -> None:
    """The status, no banner, no trace of our code, and the door still works."""
    sent, status = HTTP[name]
    answer = await told(door, sent)
    head, _, content = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"server:" not in head.lower()
    assert b"Traceback" not in content
    assert len(content) < 100
    if status != 400:  # those never reach us: the HTTP parser says them
        assert b"x-content-type-options: nosniff" in head
    assert (await door.challenge()).status_code == 200


def spoken(mid: str, number: bytes = b"1") -> bytes:
    return b'{"sender":{"id":"9"},"timestamp":%s,"message":{"mid":"%s"}}' % (number, mid.encode())


ITEMS: list[tuple[str, bytes, str]] = [
    ("an item of 2 MiB", b'{"sender":{"id":"9"},"message":{"mid":"a","text":"%s"}}' % (b"x" * 2**21), "message.received"),
    ("an unknown item that carries a mid", b'{"sender":{"id":"9"},"hologram":{"mid":"b"}}', "unknown"),
    ("a bomb of objects", b'{"a":' * 500 + b"1" + b"}" * 500, "unknown"),
    ("a bomb of arrays", b"[" * 500 + b"]" * 500, "unknown"),
    ("duplicate keys", b'{"sender":{"id":"8"},"sender":{"id":"9"},"message":{"mid":"c"}}', "message.received"),
    ("a lone surrogate", b'{"sender":{"id":"9"},"message":{"mid":"d","text":"\\ud83d"}}', "message.received"),
    ("a number beyond 64 bits", spoken("e", b"9" * 40), "message.received"),
    ("a number beyond every float", spoken("f", b"1e999"), "message.received"),
    ("a negative time", spoken("g", b"-1"), "message.received"),
    ("a mid that is none", b'{"sender":{"id":"9"},"message":{"mid":{}}}', "unknown"),
    ("no object", b"null", "unknown"),
]  # fmt: skip


async def test_json_of_every_kind_in_one_delivery(door: Door, bootstrap_servers: str, account: str) -> None:
    """Each item costs itself only: as many events as items, and each of the kind that it is."""
    holes = [f"HOLE{number:02}" for number in range(len(ITEMS))]
    delivery = body(
        entry(incoming(read={"mid": "first"}), *holes, incoming(read={"mid": "last"}), account=account)
    )
    for hole, (_, item, _) in zip(holes, ITEMS, strict=True):
        delivery = delivery.replace(f'"{hole}"'.encode(), item)
    assert (await door.post(delivery)).status_code == 200
    found = [events.decode(record.value or b"") for record in await written(bootstrap_servers, topics.EVENTS)]
    made = sorted(event.kind for event in found if event.account_id == account)
    assert made == sorted([*(kind for _, _, kind in ITEMS), "message.seen", "message.seen"])
