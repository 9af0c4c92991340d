"""Items of ``changes`` (and the flat ``field``/``value``): which field makes which event.

Source: platform.md 1.4, 1.7.
"""

from collections.abc import Callable

from kaiwa.contracts.events import Comment, Kind
from kaiwa.ingest.normalise.fields import Fields
from kaiwa.ingest.normalise.meaning import Meaning, Sighting


def sight(item: dict[str, object], account_id: str | None) -> Sighting:
    """Read one change. It carries no time of its own: the caller has the delivery's."""
    fields = Fields(item)
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


def _comment(value: Fields, username: str | None, is_own: bool) -> Meaning | None:
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
    return Meaning(Kind.COMMENT_RECEIVED, (comment_id,), data)


Change = Callable[[Fields, str | None, bool], Meaning | None]

FIELDS: dict[str, Change] = {
    "comments": _comment,
}
"""The subscribed field → how to read its value. What is not here is unknown."""
