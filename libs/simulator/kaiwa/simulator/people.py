"""Who logs in at the box, and what the box gives out for it: codes and tokens (platform notes, section 9)."""

import msgspec

from kaiwa.simulator.model import Host

MINUTE = 60.0
CODE_KEPT = 10 * MINUTE
SHORT = 3600.0
LONG = 60 * 86_400.0


class LoosePage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Page that no Instagram account is linked to."""

    page_id: str
    name: str = "Page without Instagram"


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody at a business. With Facebook's login they manage Pages, with Instagram's they are one account.

    `person_id` is the app-scoped id. `withheld`: permissions that they do not grant. `cancels`: they press cancel.
    `role`: they have a role on the app, without which an app of Standard Access is closed to them.
    """

    person_id: str
    login: Host
    account_ids: tuple[str, ...] = ()
    loose_pages: tuple[LoosePage, ...] = ()
    withheld: frozenset[str] = frozenset()
    tasks: tuple[str, ...] = ("ADVERTISE", "ANALYZE", "MESSAGING", "MODERATE", "MANAGE")
    cancels: bool = False
    role: bool = True
    professional: bool = True

    def __post_init__(self) -> None:
        if self.login == "instagram" and len(self.account_ids) > 1:
            raise ValueError("with Instagram's login a person is one account")


class Code(msgspec.Struct, kw_only=True):
    """What the dialog gave, good once and for one redirect."""

    app_id: str
    person: Person
    redirect_uri: str
    permissions: frozenset[str]
    made_at: float
    used: bool = False


class UserToken(msgspec.Struct, frozen=True, kw_only=True):
    """A Facebook user's token; Pages' tokens follow from it."""

    app_id: str
    person: Person
    permissions: frozenset[str]
    expires_at: float
