"""Whether a customer asks if somebody is there, recognised by the shape of the sentence.

Three shapes, in the languages of the disclosures: who is spoken to, then what they might be (`are you … a bot`); what is
pointed at (`is this … a chatbot`); and a choice (`bot or human`). Between the two stand only words that change nothing, and
what they might be ends the clause: `is it a robotic vacuum`, `are you the person who packed it` ask about something else.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from kaiwa.compliance.core.audit.words import ALONE, CHOICE, FILLERS, SAME, TAILS, WHAT, WHO

_ADDRESS: Final = re.compile(
    r"(?<!\S)(?:(?:are|r) (?:you|u)|am i (?:\S+ )?(?:talking|chatting|speaking|texting|writing|typing) (?:to|with)|"
    r"(?:bist du|sind sie|seid ihr|bin ich(?: hier)? bei)|(?:spreche|schreibe|rede|chatte) ich(?: \S+)? mit|"
    r"(?:es[ -]tu|tu es|t'es|etes[ -]vous|vous etes)|(?:je )?(?:parle|discute|echange)(?:[ -]je)?(?: \S+)? (?:a|avec)|"
    r"(?:eres|sos|es usted|usted es)|(?:hablo|hablando|chateando|escribiendo)(?: \S+)? con|"
    r"(?:voce e|vc e|tu e|o senhor e|a senhora e)|(?:falo|falar|falando|conversando)(?: \S+)? com|"
    r"(?:sei|lei e|siete)|(?:parlo|parlando|scrivendo|chattando)(?: \S+)? con)(?!\S)"
)
"""Somebody is spoken to; so much of a sentence in which bot and person are both meant as who that is."""

_POINTING: Final = re.compile(
    r"(?<!\S)(?:is (?:this|it|that)|(?:this|it|that) is|ist (?:das|es)|das ist|est[ -]ce|c'est|"
    r"(?:es esto|esto es|es esta|esta es)|(?:isto|isso|esta) e|(?:questo|questa) e|es|e)(?!\S)"
)
"""Something is pointed at: an article may be a robot, or show a person."""

_TWO: Final = re.compile(
    r"(?<!\S)(?:chat bot|human being|real person|k[u]?nstliche intelligenz|intelligence artificielle|"
    r"inteligencia artificial|intelligenza artificiale|essere umano|ser humano|etre humain)(?!\S)"
)
_AS_ONE: Final = {"chat bot": "chatbot", "human being": "human", "real person": "human"}
_AUTOMATIC_ANSWER: Final = re.compile(
    r"(?<!\S)(?:auto(?:mated|matic) (?:reply|message|response|answer|chat)|automatische[rs]? (?:antwort|nachricht)|"
    r"(?:reponse|message) automatique|(?:respuesta|mensaje) automatic[ao]|(?:resposta|mensagem) automatica|"
    r"(?:risposta|messaggio) automatic[ao])(?!\S)"
)
_CLAUSES: Final = re.compile(r"[^\w\s'-]+|\s-+\s|\n")

_JA_WHO: Final = "(?:ボット|bot|ロボット|ai|人工知能|人間|機械|自動応答|自動返信)"
_JAPANESE: Final = re.compile(
    rf"{_JA_WHO}(?:の方|さん)?(?:です|なの|なんです|でしょう)か"
    rf"|あなたは{_JA_WHO}(?!の(?!方))"
    rf"|{_JA_WHO}(?:が|と)(?:話し|対応し|答え|返信し)て"
    "|中の人は?(?:い|居)"
)


_HINT: Final = re.compile(
    rf"\b(?:{'|'.join(sorted(WHAT | WHO | ALONE))}|auto|intel|k[u]?nst)|[ボロ人機自中]|あなたは|(?:ai|bot)[でなのがと]"
)
"""Without one of these a text holds none of the words, and the rest need not be looked at."""


def asks(text: str) -> bool:
    plain = _plain(text)
    if _HINT.search(plain) is None:
        return False
    return _JAPANESE.search(plain) is not None or any(map(_clause_asks, _CLAUSES.split(plain)))


def _clause_asks(clause: str) -> bool:
    """One clause, without its punctuation."""
    joined = " ".join(_TWO.sub(_one, _AUTOMATIC_ANSWER.sub("bot", clause.replace("un'", "un "))).split())
    return (
        any(_is_told(joined[found.end() :], WHAT | WHO | ALONE) for found in _ADDRESS.finditer(joined))
        or any(_is_told(joined[found.end() :], SAME) for found in _POINTING.finditer(joined))
        or _chooses(joined.split())
    )


def _one(found: re.Match[str]) -> str:
    """Two words that are one noun."""
    return _AS_ONE.get(found[0], "ai" if "inte" in found[0] else "human")


def _is_told(rest: str, nouns: frozenset[str]) -> bool:
    """Whether the rest of a clause says what somebody might be, and no more of it."""
    words = rest.split()
    for at, word in enumerate(words):
        if word in nouns and _ends(words, at + 1):
            return True
        if word not in FILLERS:
            return False
    return False


def _ends(words: Sequence[str], at: int) -> bool:
    return at >= len(words) or words[at] in TAILS


def _chooses(words: Sequence[str]) -> bool:
    """``bot or a human``, or the other way round."""
    for at, word in enumerate(words):
        if word not in CHOICE or at == 0:
            continue
        then = at + 1
        while then < len(words) and words[then] in FILLERS:
            then += 1
        if then < len(words) and _ends(words, then + 1):
            both = {words[at - 1], words[then]}
            if both & WHAT and both & WHO:
                return True
    return False


def _plain(text: str) -> str:
    """Lower case, one kind of width, no Latin accents, single spaces. Voicing marks of kana are put back together."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'").casefold())
    bare = "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f")
    return unicodedata.normalize("NFC", bare)


_AUTOMATIC: Final = re.compile(
    r"automat|automát|\b(?:chat)?bot\b|\brobot|assistente virtual|virtual assistant|自動|ボット|ロボット"
)


def says_automatic(text: str) -> bool:
    """Whether a message of the account says in any of the usual words that no person wrote it."""
    return _AUTOMATIC.search(text.casefold()) is not None
