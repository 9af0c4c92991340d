"""A request as the messages it becomes: text is cut to what one message may hold, media stands alone.

A disclosure goes before the text where both fit one message, else it is a message of its own in front; the
next message is always chosen from what was really sent, so that a unit resumes where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import regex

from kaiwa.contracts.sends import Message

MAX_TEXT_BYTES = 1000
"""UTF-8 bytes of one text message (platform.md 2.2)."""

_SEPARATOR = "\n\n"

Placement = Literal["prefix", "own"]


@dataclass(frozen=True)
class Text:
    text: str

    @property
    def kind(self) -> str:
        return "text"

    def body(self) -> dict[str, Any]:
        return {"text": self.text}


@dataclass(frozen=True)
class Image:
    url: str | None
    attachment_id: str | None

    @property
    def kind(self) -> str:
        return "image"

    def body(self) -> dict[str, Any]:
        payload = {"url": self.url} if self.url else {"attachment_id": self.attachment_id}
        return {"attachment": {"type": "image", "payload": payload}}


Content = Text | Image


@dataclass(frozen=True)
class Next:
    """The message to send now. ``covers``: the piece of content it carries, None for a disclosure alone."""

    content: Content
    covers: int | None
    placement: Placement | None


def contents(message: Message) -> list[Content]:
    """The pieces of a message that intake accepted, in order."""
    if message.text is not None:
        return [Text(piece) for piece in split(message.text)]
    return [Image(image.url, image.attachment_id) for image in message.images]


def next_message(pieces: Sequence[Content], sent: int, disclosure: str | None) -> Next:
    """The message after the first ``sent`` pieces, when ``disclosure`` (its text) is owed or nothing is."""
    piece = pieces[sent]
    if disclosure is None:
        return Next(piece, sent, None)
    if isinstance(piece, Text):
        joined = disclosure + _SEPARATOR + piece.text
        if len(joined.encode()) <= MAX_TEXT_BYTES:
            return Next(Text(joined), sent, "prefix")
    return Next(Text(disclosure), None, "own")


def split(text: str) -> list[str]:
    """``text`` in pieces of at most :data:`MAX_TEXT_BYTES`, cut between graphemes, after white space where possible.

    A piece of nothing but white space is left out: the platform takes no empty message.
    """
    atoms = _atoms(text)
    pieces, start, size, space = [], 0, 0, 0
    index = 0
    while index < len(atoms):
        size += len(atoms[index].encode())
        if size > MAX_TEXT_BYTES:
            cut = space if space > start else index
            pieces.append("".join(atoms[start:cut]))
            start = index = cut
            size = 0
            continue
        index += 1
        if atoms[index - 1].isspace():
            space = index
    pieces.append("".join(atoms[start:]))
    return [piece for piece in pieces if piece.strip()]


def _atoms(text: str) -> list[str]:
    """What is never cut: graphemes, or the code points of one that no message could hold."""
    graphemes: list[str] = regex.findall(r"\X", text)
    return [
        atom
        for grapheme in graphemes
        for atom in ([grapheme] if len(grapheme.encode()) <= MAX_TEXT_BYTES else list(grapheme))
    ]
