"""Items of ``changes`` (and the flat ``field``/``value``): which field makes which event.

Source: platform.md 1.4, 1.6, 1.7.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from kaiwa.contracts.events import Comment, Kind, Mention
from kaiwa.ingest.normalise import messaging
from kaiwa.ingest.normalise.fields import Fields
from kaiwa.ingest.normalise.meaning import Meaning, Sighting

_NOT_SHOWN = -1
"""What story insights say instead of a number below 5."""

_FIELDS_OF_MESSAGING = frozenset(
    {
        "messages", "message_echoes", "message_edit", "message_reactions", "messaging_handover", "messaging_optins",
        "messaging_policy_enforcement", "messaging_postbacks", "messaging_referral", "messaging_seen",
        "response_feedback",
    }
)  # fmt: skip
"""Delivered in ``messaging``; here only by the dashboard's "Test" button."""


def sight(item: dict[str, Any], account_id: str | None) -> Sighting:
    """Read one change. It carries no time of its own: the caller has the delivery's."""
    field, value = item.get("field"), item.get("value")
    if isinstance(field, str) and field in _FIELDS_OF_MESSAGING and isinstance(value, dict):
        return _of_messaging(item, value, account_id)
    fields = Fields(item)
    if (named := fields.delivered("changed_fields")) is not None:
        data = {"changed_fields": named}  # "Include Values" is off: nothing but the names ever comes
        return Sighting(Meaning(Kind.SUBSCRIPTION_MISCONFIGURED, (), data), None, None, whole=False)
    return _change(fields, account_id)


def _change(fields: Fields, account_id: str | None) -> Sighting:
    read, value = FIELDS.get(fields.text("field") or ""), fields.part("value")
    if value is None:
        return Sighting(None, None, None, whole=False)
    author = value.part("from")
    author_id = None if author is None else author.identifier("id")
    meaning = None
    if read is not None and account_id is not None:
        username = None if author is None else author.text("username")
        meaning = read(value, username, author_id == account_id)
    return Sighting(meaning, author_id, None, fields.whole)


def _of_messaging(item: dict[str, Any], value: dict[str, Any], account_id: str | None) -> Sighting:
    """A test, unless the account itself takes part: then somebody would miss it."""
    parties = [
        party.get("id") for name in ("sender", "recipient") if isinstance(party := value.get(name), dict)
    ]
    if account_id is not None and account_id in parties:
        return msgspec.structs.replace(messaging.sight(value, account_id), whole=False)
    return test(item)


def test(item: dict[str, Any]) -> Sighting:
    """Made by the dashboard, in either form: nobody is behind it."""
    field, value = item.get("field"), item.get("value")
    happened = Fields(dict(value) if isinstance(value, dict) else item)
    data = {"field": field} if isinstance(field, str) else {}
    return Sighting(Meaning(Kind.TEST_RECEIVED, (), data), None, happened.moment("timestamp"), whole=False)


def _comment(value: Fields, username: str | None, is_own: bool) -> Meaning | None:
    """One login flavour delivers mentions here, too; only they name the media by ``media_id``."""
    return _mention(value, username, is_own) or _comment_of(Kind.COMMENT_RECEIVED, value, username, is_own)


def _live_comment(value: Fields, username: str | None, is_own: bool) -> Meaning | None:
    return _comment_of(Kind.LIVE_COMMENT_RECEIVED, value, username, is_own)


def _comment_of(kind: Kind, value: Fields, username: str | None, is_own: bool) -> Meaning | None:
    """``comment_id`` in the documents of one login flavour, ``id`` in practice. The account's own come back."""
    comment_id = value.identifier("id") or value.identifier("comment_id")
    if comment_id is None:
        return None
    data = Comment(
        comment_id=comment_id,
        media=value.delivered("media"),
        parent_id=value.identifier("parent_id"),
        text=value.text("text"),
        username=username,
        is_own=is_own,
    )
    return Meaning(kind, (comment_id,), data)


def _mention(value: Fields, _username: str | None, _is_own: bool) -> Meaning | None:
    media_id = value.identifier("media_id")
    if media_id is None:
        return None
    comment_id = value.identifier("comment_id")
    return Meaning(Kind.MENTION_RECEIVED, (media_id, comment_id or ""), Mention(media_id, comment_id))


def _story_insights(value: Fields, _username: str | None, _is_own: bool) -> Meaning:
    figures = {name: None if figure == _NOT_SHOWN else figure for name, figure in value.rest().items()}
    return Meaning(Kind.STORY_INSIGHTS_RECEIVED, (), figures)


Change = Callable[[Fields, str | None, bool], Meaning | None]

FIELDS: dict[str, Change] = {
    "comments": _comment,
    "live_comments": _live_comment,
    "mentions": _mention,
    "story_insights": _story_insights,
}
"""The subscribed field → how to read its value. What is not here is unknown."""
