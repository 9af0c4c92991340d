"""The nouns of the box: apps, accounts, customers, threads and messages.

What a scenario configures is frozen and refuses unknown fields; threads and messages are the platform's memory.
Ids are opaque strings, times are seconds since 1970 of the simulated clock.
"""

import bisect
import re
from typing import Any, Literal

import msgspec

Host = Literal["facebook", "instagram"]
RateClass = Literal["text", "media", "private_reply", "live_reply", "read"]

DAY = 86_400.0

_USERNAME = re.compile(r"[a-z0-9._]{1,30}")


def _named(username: str) -> None:
    if not _USERNAME.fullmatch(username):
        raise ValueError("a username has lower-case letters, digits, dots and underscores alone, 30 at most")


class App(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Meta app. With a second product it has a second secret, which signs the Instagram-Login webhooks, and a second id.

    `redirect_uris`: where its logins may send people; empty is anywhere. `access`: with `standard` only people with a
    role on it may log in. `flat_token_answer`: Instagram's token endpoint answers in its older shape.
    """

    app_id: str
    secret: str
    instagram_secret: str | None = None
    instagram_app_id: str | None = None
    redirect_uris: frozenset[str] = frozenset()
    access: Literal["standard", "advanced"] = "advanced"
    flat_token_answer: bool = False
    callback_url: str | None = None
    deletion_url: str | None = None
    deauthorize_url: str | None = None
    verify_token: str | None = None
    require_proof: bool = False

    def __post_init__(self) -> None:
        if not (self.app_id.isascii() and self.app_id.isdigit()):
            raise ValueError("app_id must be digits only")
        if not self.secret:
            raise ValueError("an app needs a secret")

    def secret_for(self, login: Host) -> bytes:
        """The secret that signs the webhooks of accounts with this login."""
        chosen = self.instagram_secret if login == "instagram" and self.instagram_secret else self.secret
        return chosen.encode("utf-8")

    def client_id(self, login: Host) -> str:
        """The id that this login knows the app by."""
        return self.instagram_app_id or self.app_id if login == "instagram" else self.app_id


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls per account and app; None takes the platform's figure for the login (section 4.1)."""

    text_per_second: int | None = None
    media_per_second: int = 10
    private_replies_per_hour: int = 750
    live_replies_per_second: int = 100
    reads_per_second: int = 2


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A professional account. `tokens` maps each connected app to its token; `default_app` switches routing on.

    `may_take`: the apps that were granted to take control; None is all of them. `scopes`: what its owner granted; None
    is all that the login asks for. `subscribed`: whether the apps' subscription to it stands. `has_role`: its owner has
    a role on the app, without which an app of Standard Access reaches nothing of it.
    """

    account_id: str
    login: Host
    page_id: str | None
    tokens: dict[str, str]
    username: str = "shop"
    creator: bool = False
    eligible: bool = True
    messages_allowed: bool = True
    has_role: bool = True
    human_agent: bool = False
    default_app: str | None = None
    may_take: frozenset[str] | None = None
    echo_app_id: bool = True
    media: frozenset[str] = frozenset()
    uploads: frozenset[str] = frozenset()
    limits: Limits = Limits()
    scopes: frozenset[str] | None = None
    subscribed: bool = True

    def __post_init__(self) -> None:
        if (self.login == "facebook") != (self.page_id is not None):
            raise ValueError("a Facebook login has a page_id, an Instagram login has none")
        _named(self.username)

    @property
    def node(self) -> str:
        """The id that stands in the path of this account's calls."""
        return self.page_id or self.account_id

    def limit(self, rate: RateClass) -> tuple[int, float]:
        """Calls allowed and the length of the window in seconds."""
        match rate:
            case "text":
                default = 300 if self.login == "facebook" else 100
                return self.limits.text_per_second or default, 1.0
            case "media":
                return self.limits.media_per_second, 1.0
            case "private_reply":
                return self.limits.private_replies_per_hour, 3600.0
            case "live_reply":
                return self.limits.live_replies_per_second, 1.0
            case "read":
                return self.limits.reads_per_second, 1.0


class Customer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person, as one professional account knows them."""

    customer_id: str
    account_id: str
    username: str = "customer"

    def __post_init__(self) -> None:
        _named(self.username)


class Message(msgspec.Struct, kw_only=True):
    """One message of a thread, with what became of it."""

    mid: str
    at: float
    from_customer: bool
    text: str | None = None
    attachments: list[dict[str, Any]] = []
    edits: int = 0
    unsent: bool = False


class Comment(msgspec.Struct, kw_only=True):
    """A comment under a post or a live broadcast; it grants one private reply."""

    comment_id: str
    account_id: str
    customer_id: str
    at: float
    live: bool
    open: bool = True


class Control(msgspec.Struct, frozen=True):
    """Which app owns a thread, and until when."""

    app_id: str
    until: float


class Thread(msgspec.Struct, kw_only=True):
    """The conversation of one customer with one account."""

    conversation_id: str
    account_id: str
    customer_id: str
    messages: list[Message] = []
    opened_at: float | None = None
    updated_at: float = 0.0
    replied: bool = False
    control: Control | None = None

    def add(self, message: Message) -> None:
        """Keep the messages in the order of their own time: one delivered late was still written early."""
        bisect.insort(self.messages, message, key=lambda kept: kept.at)
        self.updated_at = max(self.updated_at, message.at)

    def open_window(self, at: float) -> None:
        """A customer's action of that time opens the standard window, never shortens it."""
        self.opened_at = at if self.opened_at is None else max(self.opened_at, at)

    def find(self, mid: str) -> Message | None:
        return next((message for message in reversed(self.messages) if message.mid == mid), None)

    def owner(self, now: float) -> str | None:
        return self.control.app_id if self.control and self.control.until > now else None
