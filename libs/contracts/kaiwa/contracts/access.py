"""Who may do what with which topic: what each service needs and nothing else, for Kafka's access control.

Your own bots and holders need users of their own: `instagram.sends.v1` to write, the rest to read.
"""

from dataclasses import dataclass

from kaiwa.contracts.topics import (
    ACCOUNTS,
    ANALYTICS_COMPLIANCE,
    ANALYTICS_INBOUND,
    ANALYTICS_OUTBOUND,
    CHECKPOINTS,
    ERASURES,
    EVENTS,
    OUTCOMES,
    PRIVACY,
    QUARANTINE,
    RECEIPTS,
    SENDS,
)


@dataclass(frozen=True)
class Access:
    """One service's. A command (`kaiwa send`) acts as the service whose room it comes from."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    group: str | None = None
    """Its consumer groups begin with this."""
    describes: tuple[str, ...] = ()
    """Topics whose settings it reads, and with them those of the brokers."""


ACCESS: dict[str, Access] = {
    "ingest": Access(
        reads=(ACCOUNTS, QUARANTINE),
        writes=(EVENTS, PRIVACY, QUARANTINE, ANALYTICS_INBOUND),
    ),
    "dispatcher": Access(
        reads=(EVENTS, SENDS, OUTCOMES, ERASURES),
        writes=(EVENTS, SENDS, OUTCOMES, ACCOUNTS, RECEIPTS, QUARANTINE, ANALYTICS_OUTBOUND),
        group="kaiwa.dispatcher",
    ),
    "compliance": Access(
        reads=(
            *(EVENTS, QUARANTINE, OUTCOMES, PRIVACY, ACCOUNTS, ERASURES, RECEIPTS, CHECKPOINTS),
            *(ANALYTICS_INBOUND, ANALYTICS_OUTBOUND, ANALYTICS_COMPLIANCE),  # that they hold no personal data
        ),
        writes=(EVENTS, QUARANTINE, ERASURES, RECEIPTS, CHECKPOINTS, ANALYTICS_COMPLIANCE),
        group="kaiwa.compliance",
        describes=(EVENTS, QUARANTINE, SENDS, ERASURES, RECEIPTS),
    ),
}
