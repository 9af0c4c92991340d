"""When automation must say that it is automation, and in which words.

Triggers (platform.md 7, Meta's rule): the first automated message of a conversation, a considerable lapse
(24 hours since the last delivered automated message), after a person wrote, and on a direct question. The
customer's place is in no payload, so the default discloses always.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from kaiwa.contracts.outcomes import Trigger
from kaiwa.dispatcher.core.state import Conversation

LAPSE = timedelta(hours=24)
FALLBACK = "en"

TEXTS = {
    "en": "Hi, this is {name}'s automatic assistant. Write HUMAN for a person.",
    "de": "Hier antwortet ein automatisches System von {name}. Für eine Person: MENSCH.",
    "ja": "{name}の自動応答です。担当者をご希望の場合は「担当者」と送信してください。",
    "fr": "Ici l'assistant automatique de {name}. Pour parler à une personne, écrivez HUMAIN.",
    "es": "Este es el asistente automático de {name}. Escribe HUMANO para hablar con una persona.",
    "pt": "Este é o assistente automático de {name}. Escreva HUMANO para falar com uma pessoa.",
    "it": "Questo è l'assistente automatico di {name}. Scrivi UMANO per parlare con una persona.",
}
TEXT_ID = "assistant.v1"

MAX_NAME_BYTES = 256
"""What a disclosure shows of an account's name, so that it always fits one message (Instagram's have 64 characters)."""

QUESTIONS = (
    "are you a bot",
    "are you human",
    "are you a human",
    "are you a person",
    "are you a real person",
    "are you an ai",
    "are you a robot",
    "is this a bot",
    "am i talking to a bot",
    "bist du ein bot",
    "sind sie ein bot",
    "bist du ein roboter",
    "sind sie ein roboter",
    "bist du eine ki",
    "sind sie eine ki",
    "bist du ein mensch",
    "sind sie ein mensch",
    "ボットですか",
    "人間ですか",
    "ロボットですか",
    "自動応答ですか",
    "botですか",
    "aiですか",
    "人間の方ですか",
    "es-tu un bot",
    "êtes-vous un bot",
    "es-tu un robot",
    "êtes-vous un robot",
    "es-tu humain",
    "êtes-vous humain",
    "eres un bot",
    "eres un robot",
    "eres humano",
    "es usted un bot",
    "es usted un robot",
    "es usted humano",
    "você é um robô",
    "você é um bot",
    "você é humano",
    "sei un bot",
    "sei un robot",
    "sei umano",
    "lei è un bot",
    "lei è un robot",
    "lei è umano",
)
"""Direct questions; a text that contains one asks, whatever its case, accents or width."""


@dataclass(frozen=True)
class Due:
    """A disclosure that the next automated message must carry, or follow."""

    trigger: Trigger
    language: str
    text_id: str = TEXT_ID

    def text(self, name: str) -> str:
        raw = name.encode()
        shown = name if len(raw) <= MAX_NAME_BYTES else raw[:MAX_NAME_BYTES].decode(errors="ignore") + "…"
        return TEXTS[self.language].format(name=shown)


def due(conversation: Conversation, locale: str, now: datetime) -> Due | None:
    """The disclosure that automation owes before or with its next message."""
    trigger = _trigger(conversation, now)
    return None if trigger is None else Due(trigger, language_of(locale))


def language_of(locale: str) -> str:
    """The shipped language nearest to a locale such as ``de_AT``."""
    language = locale.replace("-", "_").split("_")[0].lower()
    return language if language in TEXTS else FALLBACK


def asks(text: str) -> bool:
    """Whether a customer's text asks if this is a bot."""
    folded = _fold(text)
    return any(question in folded for question in _FOLDED)


def _fold(text: str) -> str:
    """Without case, Latin accents, full or half width, and runs of white space. Japanese voicing marks stay."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(mark for mark in decomposed if not "\u0300" <= mark <= "\u036f")
    return " ".join(bare.replace("’", "'").split())


_FOLDED = tuple(_fold(question) for question in QUESTIONS)


def _trigger(conversation: Conversation, now: datetime) -> Trigger | None:
    disclosed = conversation.disclosed_at
    if disclosed is None:
        return "start"
    if conversation.asked_at is not None and conversation.asked_at > disclosed:
        return "asked"
    if conversation.last_human_at is not None and conversation.last_human_at > disclosed:
        return "after_human"
    last = max(disclosed, conversation.last_automated_at or disclosed)
    return "lapse" if now - last >= LAPSE else None
