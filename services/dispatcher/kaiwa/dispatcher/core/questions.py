"""Whether a customer asks if this is a bot, in the languages in which automation discloses itself.

Recognised generously: a disclosure too many costs a line, one that was asked for and not given is a lie. What is about
wares (`un robot de cocina`, `is it automatic?`) is none. Patterns meet folded text: without case, Latin accents, width.
"""

import re
import unicodedata

_EN_WHO = (
    r"(?:an? )?(?:real |actual |live )?(?:chat ?bot|bot|robot|machine|computer|ai|human(?: being)?|person)"
)
_DE_WHO = r"(?:ein(?:e|en|em|er)? )?(?:echte[rn]? |richtige[rn]? )?(?:chatbot|bot|roboter|maschine|computer|ki|mensch(?:en)?|person)"
_FR_WHO = (
    r"(?:une? )?(?:vraie? )?(?:chatbot|bot|robot|machine|ia|humaine?|personne|intelligence artificielle)"
)
_ES_WHO = r"(?:una? )?(?:chatbot|bot|robot|maquina|ia|human[oa]|persona|inteligencia artificial)"
_PT_WHO = r"(?:uma? )?(?:chatbot|bot|robo|maquina|ia|human[oa]|pessoa|inteligencia artificial)"
_IT_WHO = r"(?:un'|un[ao]? )?(?:ver[ao] )?(?:chatbot|bot|robot|macchina|ia|intelligenza artificiale|uman[oa]|essere umano|persona)"
_JA_WHO = "(?:ボット|ロボット|bot|ai|人工知能|人間|機械|自動応答|自動返信)"

PATTERNS: dict[str, tuple[str, ...]] = {
    "en": (
        rf"(?:are|r) (?:you|u) (?:really |actually |just |even )?(?:{_EN_WHO}|real|automated)",
        r"(?:is this|is it|is that) (?:an? )?(?:chat ?bot|bot|ai|real (?:person|human)|human|auto(?:mated|matic) (?:reply|message|response|answer|chat))",
        rf"am i (?:really |actually )?(?:talking|speaking|chatting|texting|writing) (?:to|with) {_EN_WHO}",
        r"(?:bot|robot|ai) or (?:an? )?(?:real )?(?:human|person)",
        r"(?:human|person) or (?:an? )?(?:chat ?bot|bot|robot|ai|machine)",
    ),
    "de": (
        rf"(?:bist du|sind sie|seid ihr) (?:eigentlich |wirklich |nur )?(?:{_DE_WHO}|echt)",
        r"ist das (?:hier )?(?:ein bot|ein chatbot|eine ki|eine automatische (?:antwort|nachricht))",
        rf"(?:spreche|schreibe|rede|chatte) ich (?:hier |gerade |wirklich )?mit {_DE_WHO}",
        r"(?:bot|roboter|ki|maschine) oder (?:ein )?mensch",
        r"mensch oder (?:ein |eine )?(?:chatbot|bot|roboter|ki|maschine)",
    ),
    "fr": (
        rf"(?:es[- ]tu|etes[- ]vous|est[- ]ce que (?:tu es|vous etes)) (?:vraiment |bien )?{_FR_WHO}",
        r"(?:tu es|t'es|vous etes) (?:une? )?(?:chatbot|bot|robot|ia|humaine?)",
        r"(?:c'est|est[- ]ce) (?:une? )?(?:chatbot|bot|ia|reponse automatique|message automatique)",
        rf"je (?:parle|discute|echange) (?:bien )?(?:a|avec) {_FR_WHO}",
        r"(?:bot|robot|machine|ia) ou (?:une? )?(?:humain|personne)",
        r"(?:humain|personne) ou (?:une? )?(?:bot|robot|machine|ia)",
    ),
    "es": (
        rf"(?:eres|sos|es usted) (?:realmente )?(?:{_ES_WHO}|real)",
        r"(?:esto es|es esto) (?:una? )?(?:chatbot|bot|ia|respuesta automatica|mensaje automatico)",
        rf"(?:hablo|hablando|chateando|escribiendo) con {_ES_WHO}",
        r"(?:bot|robot|maquina|ia) o (?:una? )?(?:humano|persona)",
        r"(?:humano|persona) o (?:una? )?(?:bot|robot|maquina|ia)",
    ),
    "pt": (
        r"(?:voce e|vc e|tu es|es|o senhor e|a senhora e) (?:mesmo )?(?:um (?:chatbot|bot|robo|humano)|uma (?:maquina|ia|pessoa|humana|inteligencia artificial))",
        r"(?:voce|vc) e (?:humano|humana|real|ia)",
        r"(?:isto|isso) e (?:uma? )?(?:chatbot|bot|ia|resposta automatica|mensagem automatica)",
        rf"(?:falo|falando|a falar|conversando) com {_PT_WHO}",
        r"(?:bot|robo|maquina|ia) ou (?:uma? )?(?:humano|pessoa)",
        r"(?:humano|pessoa) ou (?:uma? )?(?:bot|robo|maquina|ia)",
    ),
    "it": (
        rf"(?:sei|lei e|siete) (?:davvero )?(?:{_IT_WHO}|reale)",
        r"(?:questo|questa) e (?:un'|un[ao]? )(?:chatbot|bot|ia|risposta automatica|messaggio automatico)",
        rf"(?:parlo|parlando|scrivendo|chattando) con {_IT_WHO}",
        r"(?:bot|robot|macchina|ia) o (?:un'|un[ao]? )?(?:umano|persona)",
        r"(?:umano|persona) o (?:un'|un[ao]? )?(?:bot|robot|macchina|ia)",
    ),
}
"""By language, for whole words."""

JAPANESE = (
    rf"{_JA_WHO}(?:の方|さん)?(?:なん|なの)?(?:です|でしょう)か",
    rf"あなたは{_JA_WHO}",
    rf"(?:{_JA_WHO}|本物の人|担当者)(?:が|と)(?:話し|対応し|答え|返信し|書い)て(?:い)?(?:る|ます)(?:の|ん)?(?:です)?か",
    "中の人は?(?:い|居)(?:ますか|るの)",
)
"""Japanese has no spaces between its words."""


def asks(text: str) -> bool:
    """Whether a customer's text asks if this is a bot."""
    return _QUESTION.search(fold(text)) is not None


def fold(text: str) -> str:
    """Without case, Latin accents, full or half width, and runs of white space. Japanese voicing marks stay."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(mark for mark in decomposed if not "\u0300" <= mark <= "\u036f")
    return " ".join(bare.replace("’", "'").split())


def _compiled() -> re.Pattern[str]:
    worded = "|".join(pattern for patterns in PATTERNS.values() for pattern in patterns)
    spaceless = "|".join(unicodedata.normalize("NFKD", pattern) for pattern in JAPANESE)
    return re.compile(rf"(?<!\w)(?:{worded})(?!\w)|{spaceless}")


_QUESTION = _compiled()
