"""Whose message an echo is: tables by hand, then any calls and any echoes against the rules themselves."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import MINUTE, MS, NOON, SECOND

from kaiwa.dispatcher.core.attribute import REACH, SKEW, OpenPart, Others, Ours, SeenEcho, attribute

HELLO, BYE = b"hello", b"bye"


def part(part_id: int = 1, state: Any = "in_doubt", **fields: Any) -> OpenPart:
    usual: dict[str, Any] = {"mid": None, "kind": "text", "content_hash": HELLO, "called_at": NOON}
    return OpenPart(part_id=part_id, state=state, **(usual | fields))


def seen(mid: str = "m1", *, after: timedelta = SECOND, **fields: Any) -> SeenEcho:
    usual: dict[str, Any] = {"kind": "text", "content_hash": HELLO, "occurred_at": NOON + after}
    return SeenEcho(mid=mid, **(usual | fields))


def image(part_id: int = 1, state: Any = "in_doubt", **fields: Any) -> OpenPart:
    return part(part_id, state, kind="image", content_hash=None, **fields)


def picture(mid: str = "m1", **fields: Any) -> SeenEcho:
    return seen(mid, kind="image", content_hash=None, **fields)


def ours(mid: str, part_id: int, evidence: Any, after: timedelta = SECOND) -> Ours:
    return Ours(mid, part_id, evidence, NOON + after)


OTHERS = [Others("m1", NOON + SECOND)]
BY_TEXT = [ours("m1", 1, "content")]


@pytest.mark.parametrize(
    ("parts", "echoes", "said"),
    [
        ([], [], []),
        ([], [seen()], OTHERS),
        ([part()], [seen()], BY_TEXT),
        ([part(state="lost")], [seen()], BY_TEXT),
        ([part(state="sent", mid="m1")], [seen()], [ours("m1", 1, "mid")]),
        ([part(state="sent", mid="m2")], [seen()], OTHERS),
        ([part(state="sent")], [seen()], BY_TEXT),
        # of another text or kind: it is in nobody's way
        ([part(content_hash=BYE)], [seen()], OTHERS),
        ([image()], [seen()], OTHERS),
        ([part()], [picture()], OTHERS),
        # while something is being sent, the answer will tell; a mid needs no answer
        ([part(state="sending")], [seen()], []),
        ([part(state="sending", content_hash=BYE)], [seen()], []),
        ([image(state="sending")], [seen()], []),
        ([part(1, "sent", mid="m1"), part(2, "sending")], [seen()], [ours("m1", 1, "mid")]),
        # the platform's clock may be a little behind
        ([part()], [seen(after=-SKEW)], [ours("m1", 1, "content", -SKEW)]),
        ([part()], [seen(after=-SKEW - MS)], [Others("m1", NOON - SKEW - MS)]),
        # the same words much later are somebody's own
        ([part(state="lost")], [seen(after=REACH)], [ours("m1", 1, "content", REACH)]),
        ([part(state="lost")], [seen(after=REACH + MS)], [Others("m1", NOON + REACH + MS)]),
        # the latest call before the echo, once
        ([part(1), part(2, called_at=NOON + MINUTE)], [seen()], BY_TEXT),
        ([part(1, "lost"), part(2, called_at=NOON + MS)], [seen()], [ours("m1", 2, "content")]),
        (
            [part(1), part(2)],
            [seen(), seen("m2")],
            [ours("m1", 2, "content"), ours("m2", 1, "content")],
        ),
        ([part()], [seen(), seen("m2")], [*BY_TEXT, Others("m2", NOON + SECOND)]),
        # media: only where nothing else could be meant
        ([image()], [picture()], BY_TEXT),
        ([image()], [picture(), picture("m2")], []),
        ([image(1), image(2)], [picture()], []),
        ([image(1, "lost"), image(2, "lost")], [picture()], OTHERS),
        (
            [image()],
            [picture(), picture("m0", after=-MINUTE)],
            [Others("m0", NOON - MINUTE), *BY_TEXT],
        ),
    ],
)
def test_table(parts: list[OpenPart], echoes: list[SeenEcho], said: list[Ours | Others]) -> None:
    """Promise 3. Breaks when a content match goes before a mid, when an echo is given to others while its call runs
    (or only while its text is the same), when SKEW goes, when media is guessed.
    """
    assert attribute(parts, echoes) == said


def test_an_earlier_echo_that_is_seen_late_finds_its_call() -> None:
    """Two calls with one text, and their echoes in two batches, the later one first. Breaks when the oldest call is
    taken (the second echo would then be nobody's, and a person would seem to have written).
    """
    calls = [part(1), part(2, called_at=NOON + MINUTE)]
    late, early = seen("m2", after=MINUTE), seen("m1")
    assert attribute(calls, [late]) == [ours("m2", 2, "content", MINUTE)]
    assert attribute(calls[:1], [early]) == BY_TEXT


moments = st.integers(-15, 15).map(lambda s: NOON + s * SECOND)
hashes = st.sampled_from([HELLO, BYE])
mids = st.sampled_from(["a", "b", "c", "d", "e"])


@st.composite
def calls(draw: Any) -> list[OpenPart]:
    made = []
    named = draw(st.lists(mids, unique=True, max_size=3))
    for number in range(draw(st.integers(0, 4))):
        state = draw(st.sampled_from(["sending", "in_doubt", "lost", "sent"]))
        make = draw(st.sampled_from([part, image]))
        more = {"content_hash": draw(hashes)} if make is part else {}
        mid = named[number] if state == "sent" and number < len(named) else None
        made.append(make(number, state, mid=mid, called_at=draw(moments), **more))
    return made


@st.composite
def sights(draw: Any) -> list[SeenEcho]:
    made = []
    for mid in draw(st.lists(mids, unique=True, max_size=4)):
        make = draw(st.sampled_from([seen, picture]))
        more = {"content_hash": draw(hashes)} if make is seen else {}
        made.append(make(mid, occurred_at=draw(moments), **more))
    return made


@given(calls(), sights())
def test_rules_of_attribution(parts: list[OpenPart], echoes: list[SeenEcho]) -> None:
    """Promise 3. Breaks when a part explains two echoes (the ``del`` goes), when an echo is named twice, when others
    get an echo during a call, and when anything depends on the order of parts or echoes (a sort loses its tie).
    """
    said = attribute(parts, echoes)
    found = [verdict for verdict in said if isinstance(verdict, Ours)]
    assert len({verdict.mid for verdict in said}) == len(said)
    assert len({verdict.part_id for verdict in found}) == len(found)
    by_mid = {p.mid: p.part_id for p in parts if p.mid}
    by_id = {p.part_id: p for p in parts}
    verdicts = {verdict.mid: verdict for verdict in said}
    busy = any(p.state == "sending" for p in parts)
    taken = {verdict.part_id for verdict in found}
    for item in echoes:
        verdict = verdicts.get(item.mid)
        if item.mid in by_mid:
            assert verdict == Ours(item.mid, by_mid[item.mid], "mid", item.occurred_at)
        elif busy:
            assert verdict is None
        elif isinstance(verdict, Ours):
            origin = by_id[verdict.part_id]
            assert verdict.evidence == "content"
            assert origin.mid is None
            assert (origin.kind, origin.content_hash) == (item.kind, item.content_hash)
            assert item.occurred_at >= origin.called_at - SKEW
        elif verdict:
            doubts = [p for p in parts if p.state == "in_doubt" and p.part_id not in taken]
            assert not [
                p
                for p in doubts
                if (p.kind, p.content_hash) == (item.kind, item.content_hash)
                and item.occurred_at >= p.called_at - SKEW
            ]


@given(calls(), sights(), st.randoms(use_true_random=False))
def test_order_says_nothing(parts: list[OpenPart], echoes: list[SeenEcho], chance: Any) -> None:
    """Breaks when either sort loses its second key."""
    expected = attribute(parts, echoes)
    for order in list(permutations(echoes))[:24]:
        mixed = list(parts)
        chance.shuffle(mixed)
        assert attribute(mixed, order) == expected


@pytest.mark.parametrize(
    ("kind", "echoed", "ours_"),
    [
        ("sticker", "image", True),
        ("sticker", "like_heart", True),
        ("share", "ig_post", True),
        ("share", "ig_reel", True),
        ("template", "template", True),
        ("audio", "audio", True),
        ("audio", "video", False),
        ("share", "image", False),
        ("image", "like_heart", False),
    ],
)
def test_what_the_echo_of_a_kind_may_call_itself(kind: str, echoed: str, ours_: bool) -> None:
    """Breaks when ECHOED_AS loses a name: the echo would be taken for somebody on the phone."""
    found = attribute([part(kind=kind, content_hash=None)], [seen(kind=echoed, content_hash=None)])
    assert found == (BY_TEXT if ours_ else OTHERS)
