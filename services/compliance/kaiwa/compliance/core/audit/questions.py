"""Whether a customer asks if somebody is there, recognised by the shape of the sentence rather than by a list of them."""

import re
import unicodedata
from typing import Final

_WHAT: Final = r"(?:chat ?bot|bot|robot\w*|robo|ai|ki|ia|machine|maschine|maquina|macchina)"
_WHO: Final = r"(?:human|person|mensch|humain|humaine|humano|humana|umano|umana|personne|persona|pessoa)"
_YOU: Final = (
    r"(?:are (?:you|u)|r u|am i (?:talking|chatting|speaking|writing) (?:to|with)|bist du|sind sie|"
    r"es[ -]tu|tu es|etes[ -]vous|vous etes|eres|es usted|voce e|tu e|sei|lei e|e lei)"
)
_THIS: Final = r"(?:is this|is it|is that|ist das|est[ -]ce|es esto|isto e|e un)"
_WORDS: Final = r"(?: \S+){0,3}? "

_ASKS: Final = re.compile(
    rf"\b{_YOU}{_WORDS}(?:{_WHAT}|{_WHO})\b"
    rf"|\b{_THIS}{_WORDS}(?:chat ?bot|bot|robot\w*|robo)\b"
    r"|(?:ボット|bot|ロボット|ai|人間|自動応答|機械)(?:の方)?(?:です|なの|でしょう)か"
)


def asks(text: str) -> bool:
    return _ASKS.search(_plain(text)) is not None


def _plain(text: str) -> str:
    """Lower case, one kind of width, no Latin accents, single spaces. Voicing marks of kana are put back together."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f")
    return " ".join(unicodedata.normalize("NFC", bare).split())


_AUTOMATIC: Final = re.compile(
    r"automat|automát|\b(?:chat)?bot\b|\brobot|assistente virtual|virtual assistant|自動|ボット|ロボット"
)


def says_automatic(text: str) -> bool:
    """Whether a message of the account says in any of the usual words that no person wrote it."""
    return _AUTOMATIC.search(text.casefold()) is not None
