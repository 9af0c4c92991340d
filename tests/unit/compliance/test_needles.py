"""Many texts in one pass find exactly what looking for each of them finds."""

from hypothesis import example, given
from hypothesis import strategies as st

from kaiwa.compliance.core.needles import Needles

bits = st.text("ab", max_size=9).map(str.encode)


@example([b"aaaab"], b"aaaaab")
@given(st.lists(bits, max_size=8), bits)
def test_it_finds_what_is_there(texts: list[bytes], hay: bytes) -> None:
    """Broken by: lengths kept apart from their beginnings; going on behind a find instead of within it."""
    needles = Needles[bytes]()
    for text in texts:
        needles.add(text, text)
    assert sorted(needles.found(hay)) == sorted(text for text in texts if text and text in hay)
