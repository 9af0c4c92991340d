"""The words of which a question "are you a bot?" is made, in the languages of the disclosures, without accents.

A word of two languages stands with the first of them.
"""

from typing import Final


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


FILLERS: Final = _words(
    "a an really actually just even only maybe perhaps some kind sort of like real actual live normal not all by any chance",
    "talking with chatting virtual",
    "ein eine einen einem einer eigentlich wirklich nur echt echte echter echten echtem richtige richtiger richtigen hier",
    "gerade etwa denn vielleicht so",
    "un une vraie vrai vraiment bien juste que",
    "una uno realmente solo verdadera verdadero",
    "um uma mesmo apenas verdadeira verdadeiro",
    "davvero proprio vera vero mica",
)
"""They change nothing, and stand between who is spoken to and what they might be."""

WHAT: Final = _words(
    "bot chatbot robot robots robo ai machine computer",
    "ki maschine roboter",
    "ia",
    "maquina ordenador computador",
    "macchina",
)
WHO: Final = _words(
    "human humans person people",
    "mensch menschen",
    "humain humaine personne",
    "humano humana persona",
    "pessoa",
    "umano umana",
)
SAME: Final = _words("bot chatbot ai ki ia human mensch humain humano umano")
"""Of these an article that somebody points at is none."""

ALONE: Final = _words(
    "real automated automatic",
    "echt automatisiert automatisch",
    "automatise automatisee",
    "reale automatico",
)
"""Without a noun behind them."""

CHOICE: Final = _words("or oder ou o u")
TAILS: Final = CHOICE | _words(
    "and here right now please answering replying responding writing typing talking speaking too though then btw lol haha",
    "being",
    "und hier bitte der die das denn etwa jetzt anwesend dran da am gelandet",
    "et ici svp qui",
    "y aqui por favor",
    "e kk rsrs ne",
    "per",
    "real reale vera vrai verdadera verdadeira",
)
"""What may follow in the clause: it goes on with something else."""
