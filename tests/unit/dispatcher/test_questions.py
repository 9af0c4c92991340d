"""Which of a customer's texts ask whether this is a bot, and which only sound like it."""

import pytest

from kaiwa.dispatcher.core.questions import PATTERNS, asks
from kaiwa.dispatcher.core.wordings import WORDINGS

QUESTIONS = {
    "en": [
        "Are you a bot?",
        "hey,\n are   YOU a bot",
        "ＡＲＥ ＹＯＵ Ａ ＢＯＴ",
        "Are you a human or what",
        "are you human??",
        "are you real?",
        "r u a bot",
        "Are you an actual person?",
        "are you really a chat bot",
        "is this a bot",
        "Is this an automated reply?",
        "is this a real person",
        "Am I talking to a robot right now?",
        "am I actually chatting with a human?",
        "bot or human?",
        "human or a bot??",
    ],
    "de": [
        "Bist du ein Bot?",
        "Sind Sie ein Mensch?",
        "Bist du eine KI",
        "bist du eigentlich echt?",
        "Sind Sie ein echter Mensch?",
        "Spreche ich mit einem Menschen?",
        "schreibe ich hier mit einer KI",
        "Ist das hier ein Bot?",
        "Ist das eine automatische Antwort?",
        "Bot oder Mensch?",
        "Mensch oder Maschine?",
    ],
    "ja": [
        "ボットですか？",
        "ﾎﾞｯﾄですか",
        "あなたは人間ですか",
        "AIでしょうか",
        "これは自動応答ですか",
        "人間の方ですか？",
        "人間が対応していますか？",
        "ロボットと話しているんですか",
        "中の人いますか",
        "あなたはロボット？",
    ],
    "fr": [
        "Es-tu un robot ?",
        "Êtes-vous humain ?",
        "e\u0302tes-vous un robot",
        "Est-ce que vous êtes une vraie personne ?",
        "t’es un bot ?",
        "Vous êtes une IA ?",
        "C'est une réponse automatique ?",
        "Je parle à un humain ?",
        "robot ou humain ?",
    ],
    "es": [
        "¿Eres un robot?",
        "¿Es usted humano?",
        "eres una persona real?",
        "sos un bot?",
        "¿Estoy hablando con una máquina?",
        "¿Esto es un mensaje automático?",
        "¿humano o bot?",
    ],
    "pt": [
        "Você é um robô?",
        "voce e um robo",
        "és um robô?",
        "vc é humano?",
        "Estou falando com uma pessoa?",
        "Isto é uma resposta automática?",
        "robô ou pessoa?",
    ],
    "it": [
        "Sei un bot?",
        "Lei è umano?",
        "sei un'intelligenza artificiale?",
        "Sto parlando con una persona?",
        "Questa è una risposta automatica?",
        "umano o robot?",
    ],
}

STATEMENTS = {
    "en": [
        "",
        "I bought a robot from you",
        "both please",
        "Are you a botanist?",
        "are you a personal shopper",
        "Is this real leather?",
        "Is it automatic or do I have to wind it?",
        "is this a robotic vacuum",
        "The machine or person who packed this did well",
        "Can I talk to a person?",
        "my airbot died",
        "are you an airline",
    ],
    "de": [
        "Ist der Mensch da?",
        "Sind Sie einverstanden?",
        "Ist das ein Bottich?",
        "bist du eine Kiste wert",
        "Ich möchte mit einem Menschen sprechen",
        "Ist das Gerät automatisch?",
        "Sind Sie persönlich da?",
    ],
    "ja": [
        "ホットですか",  # is it hot: the voicing mark is what makes it a bot
        "何人ですか",
        "ロボット掃除機はありますか",
        "自動ですか",  # of a watch
        "担当者をお願いします",
        "機械は好きです",
    ],
    "fr": [
        "C'est un robot de cuisine",
        "Vous êtes une personne formidable",
        "je parle à une amie de votre robot",
        "êtes-vous ouverts ?",
        "une machine à café",
    ],
    "es": [
        "un robot de cocina",
        "Esto es un robot de cocina",
        "una persona me dijo que sí",
        "¿eres de Madrid?",
        "hablo con mi marido",
    ],
    "pt": ["quero um robô aspirador", "uma pessoa indicou", "você é de Lisboa?", "es uma loja?"],
    "it": ["un robot da cucina", "una persona mi ha detto", "sei aperto oggi?", "parlo con mia moglie"],
}


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in QUESTIONS.items() for text in texts]
)
def test_questions(language: str, text: str) -> None:
    """Promise 7. Breaks when case, accents, width or white space hide a question, or when a language loses a form."""
    assert asks(text), language


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, texts in STATEMENTS.items() for text in texts]
)
def test_no_questions(language: str, text: str) -> None:
    """Breaks when a word is found inside another one, or wares count as somebody who answers."""
    assert not asks(text), language


def test_every_shipped_language_has_questions() -> None:
    assert set(QUESTIONS) == set(STATEMENTS) == set(WORDINGS) == {*PATTERNS, "ja"}


def test_long_and_hostile_texts_are_read_quickly() -> None:
    """Breaks when a pattern backtracks without end: a customer's text must not stop the events."""
    for text in (
        "are you " * 5000,
        "am i talking to " * 5000,
        "ボ" * 20_000,
        "bot or " * 5000,
        "a" * 100_000,
    ):
        assert not asks(text)
