"""Webhook items in Meta's wire form (platform notes, sections 1.4 to 1.7 and 6). Pure."""

from typing import Any

from kaiwa.simulator.ids import Ids
from kaiwa.simulator.model import Account, Comment

Json = dict[str, Any]


def ms(at: float) -> int:
    return round(at * 1000)


def from_customer(account_id: str, customer_id: str, at: float, part: Json) -> Json:
    """An item whose sender is the customer."""
    return {
        "sender": {"id": customer_id},
        "recipient": {"id": account_id},
        "timestamp": ms(at),
        **part,
    }


def from_account(account_id: str, customer_id: str, at: float, part: Json) -> Json:
    """An item on the business's side: an echo turns sender and recipient round."""
    return from_customer(customer_id, account_id, at, part)


def attachment(kind: str, ids: Ids) -> Json:
    """What a customer's attachment of this type looks like; unknown types carry a URL."""
    match kind:
        case "ephemeral":
            return {"type": kind}
        case "ig_post":
            return _titled(kind, "ig_post_media_id", ids)
        case "ig_reel":
            return _titled(kind, "reel_video_id", ids)
        case "template":
            return {"type": kind, "payload": {}}
        case _:
            return {"type": kind, "payload": {"url": ids.asset()}}


def _titled(kind: str, key: str, ids: Ids) -> Json:
    return {"type": kind, "payload": {key: ids.node(), "title": "A post", "url": ids.asset()}}


def echo_parts(message: Json, ids: Ids) -> Json:
    """The content of an accepted send as its echo shows it: media on the platform's own network."""
    match message:
        case {"text": text}:
            return {"text": text}
        case {"attachments": list(images)}:
            return {"attachments": [attachment("image", ids) for _ in images]}
        case {"attachment": {"type": "template", "payload": payload}}:
            generic = {"elements": payload.get("elements", [{"title": payload.get("text", "")}])}
            return {"attachments": [{"type": "template", "payload": {"generic": generic}}]}
        case {"attachment": {"type": "MEDIA_SHARE"}}:
            return {"attachments": [attachment("ig_post", ids)]}
        case {"attachment": {"type": "like_heart"}}:
            return {"attachments": [attachment("image", ids)]}
        case {"attachment": {"type": kind}}:
            return {"attachments": [attachment(str(kind), ids)]}
        case _:
            raise ValueError("a message that passed the check has content")


def comment_change(account: Account, comment: Comment, username: str, text: str, media_id: str) -> Json:
    """A `changes` item; the two logins name the comment's id differently."""
    key = "id" if account.login == "instagram" else "comment_id"
    return {
        "field": "live_comments" if comment.live else "comments",
        "value": {
            key: comment.comment_id,
            "from": {"id": comment.customer_id, "username": username},
            "text": text,
            "media": {"id": media_id, "media_product_type": "LIVE" if comment.live else "FEED"},
        },
    }


def test_change(field: str) -> Json:
    """The sample that the dashboard sends for a field."""
    sample = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"},
    }
    return {"field": field, "value": sample}


def for_standby(item: Json) -> Json:
    """What an app that does not own the thread sees: a postback comes without its payload."""
    if "postback" not in item:
        return item
    return item | {"postback": {key: value for key, value in item["postback"].items() if key != "payload"}}
