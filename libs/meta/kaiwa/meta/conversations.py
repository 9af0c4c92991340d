"""The Conversations API's answers as values (platform.md 5)."""

from typing import Any

import msgspec

from kaiwa.contracts.times import parse
from kaiwa.meta.answers import Thread, ThreadMessage, ThreadPage


class _Author(msgspec.Struct):
    id: str | None = None


class _Attachments(msgspec.Struct):
    data: list[dict[str, Any]] = []


class _ThreadMessage(msgspec.Struct):
    id: str
    created_time: str
    author: _Author = msgspec.field(name="from", default_factory=_Author)
    message: str | None = None
    attachments: _Attachments = msgspec.field(default_factory=_Attachments)


class _Messages(msgspec.Struct):
    data: list[_ThreadMessage]


class _Participants(msgspec.Struct):
    data: list[_Author] = []


class _Thread(msgspec.Struct):
    messages: _Messages
    participants: _Participants = msgspec.field(default_factory=_Participants)


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors = msgspec.field(default_factory=_Cursors)
    next: str | None = None


class _Threads(msgspec.Struct):
    data: list[_Thread]
    paging: _Paging = msgspec.field(default_factory=_Paging)


_threads = msgspec.json.Decoder(_Threads)


def page(content: bytes) -> ThreadPage:
    """A page of conversations. Raises msgspec.DecodeError for another shape, ValueError for a time that is none."""
    listed = _threads.decode(content)
    threads = tuple(
        Thread(
            tuple(side.id for side in thread.participants.data if side.id is not None),
            tuple(_thread_message(item) for item in thread.messages.data),
        )
        for thread in listed.data
    )
    return ThreadPage(threads, listed.paging.cursors.after if listed.paging.next else None)


def _thread_message(item: _ThreadMessage) -> ThreadMessage:
    kinds = tuple(
        "image" if "image_data" in a else "video" if "video_data" in a else "file"
        for a in item.attachments.data
    )
    return ThreadMessage(
        mid=item.id,
        created=parse(item.created_time),
        from_id=item.author.id,
        text=item.message or None,
        attachment_kinds=kinds,
    )
