"""What people and apps do besides writing (platform.md 1.7, 6), and the event it makes."""

from typing import Any

import msgspec
import pytest
from deliveries import ACCOUNT, CUSTOMER, SENT_MS, body, entry, incoming
from readings import Case, data, read

from kaiwa.contracts import events

AD = {
    "ref": "camp42",
    "ad_id": "120",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ads_context_data": {"ad_title": "t", "photo_url": "https://cdn/a"},
}
LINK = {"ref": "qr_7", "source": "SHORTLINKS", "type": "OPEN_THREAD"}
PRODUCT = {"product": {"id": "4000111122223333"}}

ACTS = [
    Case(
        "edit",
        incoming(message_edit={"mid": "m1", "text": "b", "num_edit": 1}),
        "message.edited",
        {"mid": "m1", "text": "b", "num_edit": 1},
    ),
    Case(
        "edit, counted in text",
        incoming(message_edit={"mid": "m1", "text": "b", "num_edit": "2"}),
        "message.edited",
        {"mid": "m1", "text": "b", "num_edit": 2},
    ),
    Case("edit 0 without text", incoming(message_edit={"mid": "m1", "num_edit": 0}), "unknown", {}),
    Case(
        "reaction",
        incoming(reaction={"mid": "m1", "action": "react", "reaction": "love", "emoji": "❤️"}),
        "reaction.added",
        {"mid": "m1", "reaction": "love", "emoji": "❤️"},
    ),
    Case(
        "reaction removed",
        incoming(reaction={"mid": "m1", "action": "unreact"}),
        "reaction.removed",
        {"mid": "m1"},
    ),
    Case("reaction without action", incoming(reaction={"mid": "m1"}), "unknown", {}),
    Case("seen", incoming(read={"mid": "m1"}), "message.seen", {"mid": "m1"}),
    Case("Messenger's read with a watermark", incoming(read={"watermark": SENT_MS}), "unknown", {}),
    Case(
        "postback",
        incoming(postback={"mid": "m1", "title": "Start", "payload": "GO"}),
        "postback.received",
        {"title": "Start", "mid": "m1", "payload": "GO"},
    ),
    Case(
        "postback before v11, from an ig.me link",
        incoming(postback={"title": "Start", "payload": "GO", "referral": {"ref": "qr_7"}}),
        "postback.received",
        {"title": "Start", "payload": "GO", "referral": {"ref": "qr_7"}},
    ),
    Case(
        "postback in standby", incoming(postback={"title": "Start"}), "postback.received", {"title": "Start"}
    ),
    Case(
        "postback to oneself, from an ad",
        incoming(postback={"mid": "m1", "title": "Start", "is_self": True, "referral": AD}),
        "postback.received",
        {"mid": "m1", "title": "Start", "is_self": True, "referral": AD},
    ),
    Case("postback of nothing", incoming(postback={"mid": "m1"}), "unknown", {}),
    Case("referral from an ad", incoming(referral=AD), "referral.received", AD),
    Case("referral from an ig.me link", incoming(referral=LINK), "referral.received", LINK),
    Case("referral from a shop", incoming(referral=PRODUCT), "referral.received", PRODUCT),
    Case(
        "referral with news",
        incoming(referral={"ref": "r", "mood": "calm"}),
        "referral.received",
        {"ref": "r"},
        whole=False,
    ),
    Case("referral from nobody", {"referral": LINK}, "unknown", {}),
    Case("referral that is none", incoming(referral="qr_7"), "unknown", {}),
    Case(
        "opt-in",
        incoming(optin={"type": "notification_messages", "notification_messages_frequency": "DAILY"}),
        "optin.received",
        {"type": "notification_messages", "notification_messages_frequency": "DAILY"},
    ),
    Case(
        "feedback",
        incoming(response_feedback={"feedback": "Good response", "mid": "m1"}),
        "feedback.received",
        {"feedback": "Good response", "mid": "m1"},
    ),
    *(
        Case(
            key,
            {"recipient": {"id": ACCOUNT}, "timestamp": SENT_MS, key: {"action": "block", "reason": "spam"}},
            "policy.enforced",
            {"action": "block", "reason": "spam"},
        )
        for key in ("policy_enforcement", "policy-enforcement")
    ),
    Case(
        "control passed",
        incoming(
            pass_thread_control={"previous_owner_app_id": "2002", "new_owner_app_id": "1001", "metadata": "m"}
        ),
        "thread.control_passed",
        {"previous_owner_app_id": "2002", "new_owner_app_id": "1001", "metadata": "m"},
    ),
    Case(
        "control of an idle thread passed",
        incoming(pass_thread_control={"previous_owner_app_id": None, "new_owner_app_id": 263902037430900}),
        "thread.control_passed",
        {"new_owner_app_id": "263902037430900"},
    ),
    Case(
        "control taken",
        incoming(take_thread_control={"previous_owner_app_id": 1001, "new_owner_app_id": "2002"}),
        "thread.control_taken",
        {"previous_owner_app_id": "1001", "new_owner_app_id": "2002"},
    ),
    Case(
        "control asked for",
        incoming(request_thread_control={"requested_owner_app_id": 2002, "metadata": "please"}),
        "thread.control_requested",
        {"requested_owner_app_id": "2002", "metadata": "please"},
    ),
    Case(
        "roles, without a sender",
        {"recipient": {"id": ACCOUNT}, "timestamp": SENT_MS, "app_roles": {"1001": ["primary_receiver"]}},
        "thread.roles_changed",
        {"roles": {"1001": ["primary_receiver"]}},
    ),
    Case("roles that are none", incoming(app_roles={"1001": [1]}), "unknown", {}),
    Case("what nobody has heard of", incoming(hologram={"mid": "m1"}), "unknown", {}),
]


@pytest.mark.parametrize("stream", ["messaging", "standby"])
@pytest.mark.parametrize("case", ACTS, ids=lambda case: case.name)
def test_acts(case: Case, stream: str) -> None:
    [event] = read(body(entry(case.item, stream=stream)))
    assert (event.kind, data(event), event.stream) == (case.kind, case.data, stream)
    if case.kind == "unknown" or not case.whole:
        assert msgspec.json.decode(event.raw) == case.item
    else:
        assert event.raw == events.NOTHING


def act(key: str, what: Any) -> Any:
    return {**incoming(), key: what}


@pytest.mark.parametrize(
    "part",
    [
        {"referral": LINK},
        {"optin": {"type": "t"}},
        {"take_thread_control": {"new_owner_app_id": "1"}},
        {"app_roles": {"1": []}},
    ],
    ids=lambda part: next(iter(part)),
)
def test_what_has_no_name_is_named_by_who_when_and_what(part: dict[str, Any]) -> None:
    """A redelivery may order its fields otherwise; anything else that differs is another event."""
    [(key, what)] = part.items()
    more = {"metadata": "m", **what} if key != "app_roles" else {"2": [], **what}
    turned = dict(reversed(more.items()))
    same = [act(key, more), act(key, turned)]
    others = [act(key, what), {**act(key, more), "timestamp": SENT_MS + 1}]
    first, again, *rest = read(body(entry(*same, *others)))
    assert first.id == again.id
    assert len({first.id, *(event.id for event in rest)}) == 3


def test_every_act_is_of_its_customer() -> None:
    made = read(body(entry(*(case.item for case in ACTS if "sender" in case.item))))
    assert {event.customer_id for event in made} == {CUSTOMER}
