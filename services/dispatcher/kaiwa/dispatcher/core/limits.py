"""Every limit of a message, in one table: how much, of what, and who says so.

The sources are sections of the platform's notes; "unverified" ones are Messenger's, and nobody has seen Instagram
contradict them. Of what is not documented, ours are said to be ours.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limit:
    most: int
    unit: str
    source: str

    def __str__(self) -> str:
        return f"{self.most} {self.unit}"


_KINDS = "platform.md 2.2"

TEXT = Limit(1000, "bytes of UTF-8", f"{_KINDS}, text; a longer one is cut into messages")
TEXTS = Limit(20_000, "bytes of UTF-8", "ours: more than some twenty messages is a mistake, not a reply")
IMAGES = Limit(10, "images", f"{_KINDS}, images")
QUICK_REPLIES = Limit(13, "quick replies", f"{_KINDS}, quick replies")
QUICK_REPLY_TITLE = Limit(20, "characters", f"{_KINDS}, quick replies: the platform cuts what is longer")
ELEMENTS = Limit(10, "elements", f"{_KINDS}, generic and product template")
ELEMENT_TITLE = Limit(80, "characters", f"{_KINDS}, generic template")
BUTTONS = Limit(3, "buttons", f"{_KINDS}, generic and button template")
BUTTON_TEXT = Limit(640, "characters", f"{_KINDS}, button template")
BUTTON_TITLE = Limit(20, "characters", f"{_KINDS}, unverified for Instagram")
PAYLOAD = Limit(1000, "characters", f"{_KINDS}, unverified for Instagram")
REACTION = Limit(32, "characters", "ours: a name such as love, or one emoji with all its joiners")
ID = Limit(300, "characters", "ours: a mid has some 180")

ICE_BREAKERS = Limit(4, "ice breakers", "platform.md 2.5")
MENU_ITEMS = Limit(5, "menu items", "platform.md 2.5, guidance")
REF = Limit(2083, "characters", "platform.md 1.7, ig.me")

STICKERS = frozenset({"like_heart"})
"""platform.md 2.2: only the heart."""

CONTROL_SECONDS = Limit(604_800, "seconds", "platform.md 6, extend_thread_control: up to 7 days")

FORMATS = {
    "image": frozenset({"png", "jpg", "jpeg", "gif"}),
    "audio": frozenset({"aac", "m4a", "wav", "mp4"}),
    "video": frozenset({"mp4", "ogg", "avi", "mov", "webm"}),
    "file": frozenset({"pdf"}),
}
"""platform.md 2.2, by file name extension. Sizes (8 MB, else 25 MB) only the platform can see."""

OTHER_FORMATS = frozenset(
    {"bmp", "doc", "docx", "flac", "heic", "mkv", "mp3", "ppt", "pptx", "svg", "tiff", "txt", "webp", "xls"}
    | {"xlsx", "zip"}
)
"""Extensions of files that the platform takes as nothing. One that is in no list here says nothing, so it passes."""

VOLUME = Limit(
    72_000,
    "messages in 24 hours",
    "platform.md 4.1, sent and received: above it the account cannot send. The period is not stated; a day is ours",
)

CROWDED = 0.9
"""Ours: from that share of :data:`VOLUME` on bulk messages wait, and the rest is for those who are talked with."""

GRANT = timedelta(days=7)
"""How long after its creation a comment may be answered in private (platform.md 2.4)."""

GRANT_UNSURE = timedelta(hours=36)
"""How late a comment's first delivery can be (platform.md 1.5): from GRANT less this it may be older than GRANT."""

LIVE_GRANT = timedelta(seconds=60)
"""Ours: a live comment can be answered while the broadcast runs, and nothing says when that ends (platform.md 2.4)."""
