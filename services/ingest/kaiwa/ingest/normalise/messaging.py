"""Items of ``messaging`` and ``standby``: which key makes which event. Source: platform.md 1.4, 1.7, 6."""

from collections.abc import Callable

from kaiwa.contracts.events import (
    Attachment,
    Edit,
    Kind,
    Message,
    MessageRef,
    Postback,
    Reaction,
    Referral,
    ReplyTo,
    StoryRef,
)
from kaiwa.ingest.normalise import routing
from kaiwa.ingest.normalise.fields import Fields, flag
from kaiwa.ingest.normalise.meaning import Meaning, Sighting

_ATTACHMENT_IDS = ("id", "ig_post_media_id", "reel_video_id", "story_media_id", "attachment_id")
_ATTACHMENT_URLS = ("url", "story_media_url")


def sight(item: dict[str, object], account_id: str | None) -> Sighting:
    """Read one item. The customer is the sender, unless the account itself wrote: then the recipient."""
    message = item.get("message")
    fields = Fields(item)
    sender, recipient = fields.party("sender"), fields.party("recipient")
    from_account = sender == account_id or (isinstance(message, dict) and flag(message.get("is_echo")))
    customer_id = recipient if from_account else sender
    occurred_at = fields.moment("timestamp")
    meaning = None if account_id is None else _meaning(fields, customer_id, occurred_at)
    return Sighting(meaning, customer_id, occurred_at, fields.whole)


def _meaning(fields: Fields, customer_id: str | None, occurred_at: str | None) -> Meaning | None:
    for key, shape in SHAPES.items():
        if (part := fields.part(key)) is not None:
            return shape(part, customer_id, occurred_at)
    return None


def _message(message: Fields, customer_id: str | None, _at: str | None) -> Meaning | None:
    mid = message.mid()
    if mid is None:
        return None
    echo = message.flag("is_echo")
    if message.flag("is_deleted"):  # never its content, should Meta ever send any along
        return Meaning(Kind.MESSAGE_UNSENT, (mid,), MessageRef(mid))
    if customer_id is None:
        return None
    kind, text = Kind.MESSAGE_ECHOED if echo else Kind.MESSAGE_RECEIVED, message.text("text")
    if message.whole:  # nearly all of them are text and nothing else
        return Meaning(kind, (mid,), Message(mid, text))
    data = Message(
        mid=mid,
        text=text,
        attachments=tuple(
            _attachment(form, part)
            for part in message.parts("attachments")
            if (form := part.text("type")) is not None
        ),
        reply_to=_reply_to(message.part("reply_to")),
        quick_reply=message.delivered("quick_reply"),
        referral=_referral(message.part("referral")),
        is_unsupported=message.flag("is_unsupported"),
        is_self=message.flag("is_self"),
        app_id=message.identifier("app_id"),
    )
    return Meaning(kind, (mid,), data)


def _edit(edit: Fields, customer_id: str | None, _at: str | None) -> Meaning | None:
    """``num_edit`` 0 without text is a new message in development mode, not an edit (platform.md 1.7)."""
    mid, text, num_edit = edit.mid(), edit.text("text"), edit.number("num_edit")
    if mid is None or text is None or num_edit is None or customer_id is None:
        return None
    return Meaning(Kind.MESSAGE_EDITED, (mid, str(num_edit)), Edit(mid, text, num_edit))


def _reaction(reaction: Fields, customer_id: str | None, at: str | None) -> Meaning | None:
    mid, action = reaction.mid(), reaction.text("action")
    kind = _REACTIONS.get(action or "")
    if mid is None or kind is None or customer_id is None:
        return None
    data = Reaction(mid, reaction.text("reaction"), reaction.text("emoji"))
    return Meaning(kind, (mid, customer_id, at or ""), data)


def _seen(read: Fields, customer_id: str | None, _at: str | None) -> Meaning | None:
    mid = read.mid()
    if mid is None or customer_id is None:
        return None
    return Meaning(Kind.MESSAGE_SEEN, (customer_id, mid), MessageRef(mid))


def _postback(postback: Fields, customer_id: str | None, at: str | None) -> Meaning | None:
    """Before Graph API v11 a postback has no mid; in ``standby`` it has no payload."""
    title, mid, payload = postback.text("title"), postback.mid(), postback.text("payload")
    if customer_id is None or (title is None and payload is None):
        return None
    identity = (mid,) if mid is not None else (customer_id, at or "", title or "", payload or "")
    data = Postback(title, mid, payload, _referral(postback.part("referral")), postback.flag("is_self"))
    return Meaning(Kind.POSTBACK_RECEIVED, identity, data)


def _referred(referral: Fields, customer_id: str | None, at: str | None) -> Meaning | None:
    """Into a thread that exists; a new thread has its referral on the message or the postback."""
    identity = (customer_id or "", at or "", referral.fingerprint)
    data = _referral(referral)
    return None if customer_id is None or data is None else Meaning(Kind.REFERRAL_RECEIVED, identity, data)


def _as_delivered(kind: Kind) -> "Shape":
    """For what the platform documents too loosely for a shape of ours."""

    def shape(part: Fields, customer_id: str | None, at: str | None) -> Meaning:
        return Meaning(kind, (customer_id or "", at or "", part.fingerprint), part.rest())

    return shape


Shape = Callable[[Fields, str | None, str | None], Meaning | None]

SHAPES: dict[str, Shape] = {
    "message": _message,  # received, echoed, unsent
    "message_edit": _edit,
    "reaction": _reaction,
    "read": _seen,
    "postback": _postback,
    "referral": _referred,
    "pass_thread_control": routing.passed,
    "take_thread_control": routing.taken,
    "request_thread_control": routing.requested,
    "app_roles": routing.roles,
    "optin": _as_delivered(Kind.OPTIN_RECEIVED),
    "response_feedback": _as_delivered(Kind.FEEDBACK_RECEIVED),
    "policy_enforcement": _as_delivered(Kind.POLICY_ENFORCED),
    "policy-enforcement": _as_delivered(Kind.POLICY_ENFORCED),
}
"""The key in the item that says what happened → how to read it. What has none of them is unknown."""

_REACTIONS = {"react": Kind.REACTION_ADDED, "unreact": Kind.REACTION_REMOVED}


def _attachment(form: str, attachment: Fields) -> Attachment:
    """``payload`` keeps what url, title and id do not say; an ephemeral one has none at all."""
    payload = attachment.part("payload")
    if payload is None:
        return Attachment(form)
    return Attachment(
        type=form,
        url=next((u for name in _ATTACHMENT_URLS if (u := payload.text(name)) is not None), None),
        title=payload.text("title"),
        id=next((i for name in _ATTACHMENT_IDS if (i := payload.identifier(name)) is not None), None),
        payload=payload.rest() or None,
    )


def _reply_to(reply: Fields | None) -> ReplyTo | None:
    if reply is None:
        return None
    story = reply.part("story")
    return ReplyTo(
        mid=reply.mid(),
        story=None if story is None else _story(story),
        is_self_reply=reply.flag("is_self_reply"),
    )


def _story(story: Fields) -> StoryRef:
    return StoryRef(story.identifier("id"), story.text("url"), story.text("link_sticker_url"))


def _referral(referral: Fields | None) -> Referral | None:
    if referral is None:
        return None
    return Referral(
        ref=referral.text("ref"),
        source=referral.text("source"),
        type=referral.text("type"),
        ad_id=referral.identifier("ad_id"),
        product=referral.delivered("product"),
        ads_context_data=referral.delivered("ads_context_data"),
    )
