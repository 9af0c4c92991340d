"""Text in pieces that fit."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.dispatcher.core.cutting import split

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
