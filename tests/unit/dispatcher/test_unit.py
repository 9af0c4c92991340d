"""Messages in pieces that fit, and in which order they leave with a disclosure due at any time."""

from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.sends import Media, Message
from kaiwa.dispatcher.core.unit import Content, Image, Next, Text, contents, next_message, split

FAMILY = "👨‍👩‍👧‍👦"  # one grapheme of 25 bytes
ZALGO = "a" + "\u0301" * 600  # one grapheme that no message could hold

words = st.lists(
    st.sampled_from(["a", "é", "店", FAMILY, "🇩🇪", " ", "\n", "\r\n", "\u3000"]), max_size=60
).map("".join)
nearly_full = st.integers(960, 1000).map(lambda count: "x" * count)
texts = st.lists(
    words | nearly_full | st.just("x" * 300) | st.just(" " * 1200) | st.just(ZALGO), max_size=8
).map("".join)


def bare(text: str) -> str:
    return "".join(text.split())


@given(texts)
def test_pieces_fit_and_lose_nothing(text: str) -> None:
    """Breaks when sizes are counted in characters, when a piece is dropped that says something, or when white space
    at a cut goes with it.
    """
    pieces = split(text)
    assert all(len(piece.encode()) <= 1000 and piece.strip() for piece in pieces)
    assert bare("".join(pieces)) == bare(text)
    at = 0
    for piece in pieces:
        found = text.index(piece, at)
        assert not text[at:found].strip()
        at = found + len(piece)
    assert not text[at:].strip()


@given(texts)
def test_no_grapheme_is_cut_but_one_that_alone_is_too_long(text: str) -> None:
    """Breaks when a text is cut between code points."""
    whole = {grapheme for grapheme in regex.findall(r"\X", text) if len(grapheme.encode()) <= 1000}
    too_long = ZALGO in text
    for piece in split(text):
        for grapheme in regex.findall(r"\X", piece):
            assert grapheme in whole or (too_long and set(grapheme) <= set(ZALGO))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("hello", ["hello"]),
        (" hello ", [" hello "]),
        ("x" * 1000, ["x" * 1000]),
        ("x" * 1001, ["x" * 1000, "x"]),
        ("é" * 501, ["é" * 500, "é"]),
        ("a " * 500 + "tail", ["a " * 500, "tail"]),
        ("word " + "x" * 998, ["word ", "x" * 998]),
        (FAMILY * 41, [FAMILY * 40, FAMILY]),
        ("a" + FAMILY * 40, ["a" + FAMILY * 39, FAMILY]),
        ("x" * 996 + "🇩🇪", ["x" * 996, "🇩🇪"]),
        ("x" * 999 + "e\u0301", ["x" * 999, "e\u0301"]),
        ("x" * 1000 + " " * 1500, ["x" * 1000]),
        (ZALGO, [ZALGO[:500], ZALGO[500:]]),
        (" \n ", []),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


URL = Media(url="https://shop.example/1.jpg")
STORED = Media(attachment_id="77")


@pytest.mark.parametrize(
    ("message", "bodies"),
    [
        (Message(text="hello"), [("text", {"text": "hello"})]),
        (Message(text="x" * 1001), [("text", {"text": "x" * 1000}), ("text", {"text": "x"})]),
        (
            Message(images=(URL, STORED)),
            [
                ("image", {"attachment": {"type": "image", "payload": {"url": URL.url}}}),
                ("image", {"attachment": {"type": "image", "payload": {"attachment_id": "77"}}}),
            ],
        ),
    ],
)
def test_contents(message: Message, bodies: list[tuple[str, dict[str, Any]]]) -> None:
    assert [(piece.kind, piece.body()) for piece in contents(message)] == bodies


PICTURE = Image(URL.url, None)


@pytest.mark.parametrize(
    ("pieces", "sent", "disclosure", "expected"),
    [
        ([Text("a"), Text("b")], 0, None, Next(Text("a"), 0, None)),
        ([Text("a"), Text("b")], 1, None, Next(Text("b"), 1, None)),
        ([Text("a")], 0, "I am", Next(Text("I am\n\na"), 0, "prefix")),
        ([Text("a"), Text("b")], 1, "I am", Next(Text("I am\n\nb"), 1, "prefix")),
        ([Text("x" * 994)], 0, "I am", Next(Text("I am\n\n" + "x" * 994), 0, "prefix")),
        ([Text("x" * 995)], 0, "I am", Next(Text("I am"), None, "own")),
        ([Text("é" * 498)], 0, "I am", Next(Text("I am"), None, "own")),
        ([PICTURE], 0, "I am", Next(Text("I am"), None, "own")),
        ([PICTURE], 0, None, Next(PICTURE, 0, None)),
    ],
)
def test_next_message(pieces: list[Content], sent: int, disclosure: str | None, expected: Next) -> None:
    """Promise 7, to the byte. Breaks when the limit is counted without the separator, or when media goes undisclosed."""
    assert next_message(pieces, sent, disclosure) == expected


content = st.sampled_from([PICTURE, Text("short"), Text("x" * 1000), Text("店" * 300)])


@given(
    pieces=st.lists(content, min_size=1, max_size=6),
    due_before=st.lists(st.booleans(), max_size=12),
    disclosure=st.sampled_from(["I am", "店" * 200]),
)
def test_each_piece_goes_once_whenever_a_disclosure_falls_due(
    pieces: list[Content], due_before: list[bool], disclosure: str
) -> None:
    """Promises 3 and 7: whatever was due before a call, nothing goes undisclosed, twice, or not at all. Breaks when a
    disclosure of its own counts as a piece, or when a joined one does not.
    """
    pattern, owed, sent, covered = list(due_before), False, 0, []
    for _ in range(len(pieces) + len(due_before) + 1):
        if sent == len(pieces):
            break
        owed = owed or (pattern.pop(0) if pattern else False)
        message = next_message(pieces, sent, disclosure if owed else None)
        assert len(message.content.body().get("text", "").encode()) <= 1000
        assert (message.placement is not None) is owed
        assert message.placement is None or disclosure in message.content.body()["text"]
        owed = False  # it was delivered
        if message.covers is not None:
            covered.append(message.covers)
            sent = message.covers + 1
    assert covered == list(range(len(pieces)))
