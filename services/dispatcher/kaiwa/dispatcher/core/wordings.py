"""The words in which automation discloses itself: one version per language, and what an account may say instead.

A changed text is a new version: outcomes and the ledger name the version that a customer read.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kaiwa.dispatcher.core.limits import TEXT

FALLBACK = "en"
NAME = "{name}"
"""Stands for the account's name in a text."""

MAX_NAME_BYTES = 256
"""What a disclosure shows of an account's name, so that it always fits one message (Instagram's have 64 characters)."""

_CUT = "…"


class Wording(Struct, frozen=True, forbid_unknown_fields=True):
    """``text_id`` names the text and its version, as outcomes report it."""

    text_id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
    text: Annotated[str, Meta(min_length=10)]

    def said(self, name: str) -> str:
        return self.text.replace(NAME, shown(name))


WORDINGS = {
    "en": Wording("assistant.v1", "Hi, this is {name}'s automatic assistant. Write HUMAN for a person."),
    "de": Wording(
        "assistant.v1", "Hier antwortet ein automatisches System von {name}. Für eine Person: MENSCH."
    ),
    "ja": Wording(
        "assistant.v1", "{name}の自動応答です。担当者をご希望の場合は「担当者」と送信してください。"
    ),
    "fr": Wording(
        "assistant.v1", "Ici l'assistant automatique de {name}. Pour parler à une personne, écrivez HUMAIN."
    ),
    "es": Wording(
        "assistant.v1",
        "Este es el asistente automático de {name}. Escribe HUMANO para hablar con una persona.",
    ),
    "pt": Wording(
        "assistant.v1",
        "Este é o assistente automático de {name}. Escreva HUMANO para falar com uma pessoa.",
    ),
    "it": Wording(
        "assistant.v1",
        "Questo è l'assistente automatico di {name}. Scrivi UMANO per parlare con una persona.",
    ),
}

Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]


class Own(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an account says in place of the shipped texts, by language; ``companion``: a bot that keeps up a relationship."""

    texts: dict[Language, Wording] = {}
    companion: bool = False

    def fault(self) -> str | None:
        """What is wrong with a text, or None: it has to fit one message with the longest name."""
        longest = "x" * (MAX_NAME_BYTES + 1)
        for language, wording in self.texts.items():
            if NAME not in wording.text:
                return (
                    f"disclosure.texts.{language} must say whose automation it is: put {NAME} into the text"
                )
            if len(wording.said(longest).encode()) > TEXT.most:
                return f"disclosure.texts.{language} is too long: {TEXT} must hold it with the account's name"
        return None


SHIPPED = Own()


def own(stored: dict[str, object]) -> Own:
    """An account's own words, as its row holds them."""
    return msgspec.convert(stored, Own) if stored else SHIPPED


def wording(locale: str, given: Own) -> tuple[str, Wording]:
    """The language nearest to a locale such as ``de_AT`` in which there is a text, and the text."""
    language = locale.replace("-", "_").split("_")[0].lower()
    texts = WORDINGS | given.texts
    found = language if language in texts else FALLBACK
    return found, texts[found]


def shown(name: str) -> str:
    raw = name.encode()
    return name if len(raw) <= MAX_NAME_BYTES else raw[:MAX_NAME_BYTES].decode(errors="ignore") + _CUT
