"""Long text as the messages that hold it."""

import regex

from kaiwa.dispatcher.core.limits import TEXT


def split(text: str) -> list[str]:
    """``text`` in pieces of at most :data:`TEXT`, cut between graphemes, after white space where possible.

    A piece of nothing but white space is left out: the platform takes no empty message.
    """
    if len(text.encode()) <= TEXT.most:
        return [text] if text.strip() else []
    atoms = _atoms(text)
    pieces, start, size, space = [], 0, 0, 0
    index = 0
    while index < len(atoms):
        size += len(atoms[index].encode())
        if size > TEXT.most:
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
        for atom in ([grapheme] if len(grapheme.encode()) <= TEXT.most else list(grapheme))
    ]
