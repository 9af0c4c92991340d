"""Who answers a thread: control passed, taken, asked for, and the roles of apps. Source: platform.md 6."""

from kaiwa.contracts.events import Control, Kind, Roles
from kaiwa.ingest.normalise.fields import Fields
from kaiwa.ingest.normalise.meaning import Meaning


def passed(part: Fields, customer_id: str | None, at: str | None) -> Meaning:
    return _control(Kind.CONTROL_PASSED, part, customer_id, at)


def taken(part: Fields, customer_id: str | None, at: str | None) -> Meaning:
    return _control(Kind.CONTROL_TAKEN, part, customer_id, at)


def requested(part: Fields, customer_id: str | None, at: str | None) -> Meaning:
    return _control(Kind.CONTROL_REQUESTED, part, customer_id, at)


def _control(kind: Kind, part: Fields, customer_id: str | None, at: str | None) -> Meaning:
    """Ids of apps are numbers, strings or null; null is an idle thread."""
    identity = (customer_id or "", at or "", part.fingerprint)
    data = Control(
        previous_owner_app_id=part.identifier("previous_owner_app_id"),
        new_owner_app_id=part.identifier("new_owner_app_id"),
        requested_owner_app_id=part.identifier("requested_owner_app_id"),
        metadata=part.text("metadata"),
    )
    return Meaning(kind, identity, data)


def roles(part: Fields, _customer_id: str | None, at: str | None) -> Meaning | None:
    """It concerns the account, not a thread: there is no sender."""
    identity = (at or "", part.fingerprint)
    known = part.rest()
    if not all(
        isinstance(names, list) and all(isinstance(n, str) for n in names) for names in known.values()
    ):
        return None
    return Meaning(
        Kind.ROLES_CHANGED, identity, Roles({app_id: tuple(names) for app_id, names in known.items()})
    )
