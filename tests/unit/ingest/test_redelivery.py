"""Properties of all deliveries: items in equal events out, and a redelivery makes the same ids."""

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from deliveries import ACCOUNT, body, entry, incoming, outgoing
from hypothesis import given, settings
from hypothesis import strategies as st

from kaiwa.contracts import events
from kaiwa.ingest.normalise import normalise

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(), max_size=20)  # lone surrogates too
anything = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
mids = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
people = st.integers(1, 10**17).map(str)
times = st.integers(1_700_000_000_000, 1_900_000_000_000)


def near_miss(known: dict[str, Any]) -> st.SearchStrategy[Any]:
    """An object with known names, and anything at all behind each of them."""
    return st.fixed_dictionaries({}, optional={name: anything | value for name, value in known.items()})


def acts(**shape: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    built = st.fixed_dictionaries(shape)
    return st.builds(
        lambda customer, at, what: incoming(customer=customer, at=at, **what), people, times, built
    )


def change(field: str, value: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"field": st.just(field), "value": st.fixed_dictionaries(value)})


sound = st.one_of(
    acts(message=st.fixed_dictionaries({"mid": mids}, optional={"text": texts, "is_deleted": st.just(True)})),
    acts(message_edit=st.fixed_dictionaries({"mid": mids, "text": texts, "num_edit": st.integers(1, 9)})),
    acts(reaction=st.fixed_dictionaries({"mid": mids, "action": st.sampled_from(["react", "unreact"])})),
    acts(read=st.fixed_dictionaries({"mid": mids})),
    acts(postback=st.fixed_dictionaries({"title": texts}, optional={"mid": mids, "payload": texts})),
    acts(referral=anything),
    acts(
        pass_thread_control=st.fixed_dictionaries({"new_owner_app_id": st.none() | people | st.integers(1)})
    ),
    acts(app_roles=st.dictionaries(people, st.lists(texts, max_size=2), max_size=2)),
    acts(optin=anything),
    change("comments", {"id": mids, "from": st.fixed_dictionaries({"id": people})}),
    change("live_comments", {"comment_id": mids}),
    change("mentions", {"media_id": mids}),
    change("story_insights", {"media_id": mids, "reach": st.integers(-1, 9)}),
    change("messages", {"sender": st.fixed_dictionaries({"id": people}), "message": anything}),
    st.fixed_dictionaries({"changed_fields": anything}),
    st.builds(lambda who, mid: outgoing(customer=who, message={"mid": mid, "is_echo": True}), people, mids),
)
crooked = near_miss(
    {
        "sender": near_miss({"id": people}),
        "recipient": near_miss({"id": people}),
        "timestamp": times,
        "message": near_miss({"mid": mids, "text": texts, "attachments": anything, "reply_to": anything}),
        "message_edit": near_miss({"mid": mids, "text": texts, "num_edit": anything}),
        "reaction": near_miss({"mid": mids, "action": st.just("react")}),
        "postback": near_miss({"title": texts, "referral": anything}),
        "referral": near_miss({"ref": texts, "product": anything}),
        "take_thread_control": near_miss({"new_owner_app_id": people, "metadata": texts}),
        "app_roles": anything,
        "field": st.sampled_from(["comments", "live_comments", "mentions", "story_insights", "messages"]),
        "value": near_miss(
            {"id": mids, "media_id": mids, "from": near_miss({"id": people}), "message": anything}
        ),
    }
)
items = st.lists(sound | crooked | anything, max_size=8)


def read(delivery: bytes) -> list[events.Event]:
    return [
        found.event for found in normalise(delivery, app_id="1001", received_at=NOW, id_key=b"k" * 32).found
    ]


@settings(deadline=None)  # the machine is shared
@given(items, st.sampled_from(["messaging", "standby", "changes"]), st.sampled_from([ACCOUNT, "0"]))
def test_every_item_makes_one_event_that_a_reader_can_read(
    delivered: list[Any], stream: str, account: str
) -> None:
    made = read(body(entry(*delivered, stream=stream, account=account)))
    assert len(made) == max(1, len(delivered))  # an entry without items is one itself
    for event in made:
        assert events.decode(events.encode(event)) == event
        events.data_of(event)


@settings(deadline=None)  # the machine is shared
@given(st.lists(items, min_size=1, max_size=3), st.sampled_from(["messaging", "standby"]))
def test_a_usual_body_says_what_it_says_the_long_way(delivered: list[list[Any]], stream: str) -> None:
    """As the only one of a list of notifications a body is read by its levels, alone by the short way if it can be."""
    alone = body(*(entry(*one, stream=stream) for one in delivered))
    assert read(alone) == read(b"[" + alone + b"]")


@settings(deadline=None)  # the machine is shared
@given(anything, st.sampled_from(["body", "entry", "array"]))
def test_nothing_that_is_json_raises(value: Any, level: str) -> None:
    delivery = {"body": value, "entry": [value], "array": [{"id": ACCOUNT, "messaging": value}]}[level]
    read(body(*delivery) if isinstance(delivery, list) else body(delivery))


@settings(deadline=None)  # the machine is shared
@given(
    st.lists(sound | anything, min_size=1, max_size=12),
    st.sampled_from(["messaging", "standby", "changes"]),
    st.randoms(use_true_random=False),
    st.integers(1, 10**9),
)
def test_a_redelivery_has_the_same_ids(
    delivered: list[Any], stream: str, rng: random.Random, later: int
) -> None:
    """Another entry.time, another cut into batches, another order."""
    first = {event.id for event in read(body(entry(*delivered, stream=stream)))}
    shuffled = rng.sample(delivered, len(delivered))
    cuts = sorted({0, len(shuffled), *(rng.randrange(len(shuffled) + 1) for _ in range(3))})
    entries = [
        entry(*shuffled[start:end], stream=stream, time=1_795_000_000_000 + later)
        for start, end in pairwise(cuts)
    ]
    again = {event.id for at in range(len(entries)) for event in read(body(entries[at]))}
    assert again == first
    assert {event.id for event in read(body(*entries))} == first
