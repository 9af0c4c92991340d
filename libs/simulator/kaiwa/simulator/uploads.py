"""Uploads: media that the platform fetches once and names (section 2.3). Facebook Login alone documents the edge."""

from typing import Any

from kaiwa.simulator.body import Send, check_media
from kaiwa.simulator.errors import Rule, refuse

EDGE = "message_attachments"


def parse(body: Any) -> Send:
    """The checked body of an upload, or a refusal."""
    match body:
        case {
            "platform": "instagram",
            "message": {
                "attachment": {
                    "type": "image" | "audio" | "video" | "file" as kind,
                    "payload": {"url": str(url), "is_reusable": True, **rest},
                }
            },
        } if not rest:
            check_media(kind, {"url": url})
        case _:
            raise refuse(Rule.BODY, "An upload has platform instagram and one reusable attachment by url")
    return Send(
        kind="upload", customer_id=None, comment_id=None, tag=None, message=None, reply_to=None, action=kind
    )
