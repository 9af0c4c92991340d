"""The judge's notes and the questions asked of them."""

from typing import Any

import msgspec
import pytest
from play import ALICE, Play, text_to

from kaiwa.simulator.actions import Edit, Unsend
from kaiwa.simulator.books import Books, Repeat
from kaiwa.simulator.errors import Rule
from kaiwa.simulator.faults import Fault, Script


def test_accepted_duplicates_and_reposts(play: Play) -> None:
    play.write()
    play.send(text_to(ALICE, "one"))
    play.send(text_to(ALICE, "two"))
    play.send(text_to(ALICE, "two"))
    books = play.state.books
    assert [call.text for call in books.accepted("two")] == ["two", "two"]
    assert books.duplicates() == [Repeat(*books.calls[1].target, '{"text": "two"}', 2)]
    assert books.reposts() == books.duplicates()


def test_a_repeat_after_a_refusal_is_no_repost_but_after_silence_it_is(play: Play) -> None:
    """Breaks when the books let a client pass that posts again without knowing what became of the first."""
    play.send(text_to(ALICE, "again"))
    play.write()
    play.send(text_to(ALICE, "again"))
    assert play.state.books.reposts() == []
    play.state.books.calls[0].outcome = "broken"
    assert [repeat.times for repeat in play.state.books.reposts()] == [2]
    assert play.state.books.duplicates() == []


def test_violations_by_rule(play: Play) -> None:
    play.send()
    play.send(token="stolen")
    assert [call.rule for call in play.state.books.violations()] == [Rule.WINDOW, Rule.AUTH]
    assert [call.n for call in play.state.books.violations(Rule.AUTH)] == [1]


def test_unsent_messages_with_every_text_they_had(play: Play) -> None:
    mid = play.write("first")
    play.act(Edit(mid=mid, text="second"))
    play.write("kept")
    play.act(Unsend(mid=mid))
    (unsent,) = play.state.books.unsent()
    assert (unsent.mid, unsent.customer_id, unsent.texts) == (mid, ALICE, ["first", "second"])


def test_books_are_the_same_after_the_control_api(play: Play) -> None:
    play.write("hello")
    play.send()
    books = play.state.books
    assert msgspec.json.decode(msgspec.json.encode(books), type=Books) == books


def test_faults_strike_what_matches_as_often_as_they_say() -> None:
    script = Script(seed=1)
    script.add(Fault(effect="reset", marker="#a", times=2))
    script.add(Fault(effect="duplicate", kind="echo", times=None))
    assert script.for_call("1", "text", "no") is None
    strikes = [script.for_call("1", "text", "with #a") is not None for _ in range(3)]
    assert strikes == [True, True, False]
    assert [script.for_event("1", kind, "") is not None for kind in ("echo", "message", "echo")] == [
        True,
        False,
        True,
    ]


def test_chance_is_seeded() -> None:
    def strikes(seed: int) -> list[bool]:
        script = Script(seed)
        script.add(Fault(effect="hang", probability=0.5, times=None))
        return [script.for_call("1", "text", "") is not None for _ in range(50)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 10 < sum(strikes(1)) < 40


@pytest.mark.parametrize(
    "fields",
    [
        {"effect": "reset", "probability": 0.0},
        {"effect": "reset", "times": 0},
        {"effect": "reset", "seconds": -1.0},
        {"effect": "garbled", "when": "before"},
        {"effect": "typo"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, Fault)
