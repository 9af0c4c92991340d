"""What each topic carries, beyond the settings that :mod:`kaiwa.contracts.topics` has: records, keys, who and whom."""

from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from kaiwa.contracts import quarantine, topics
from kaiwa.contracts.accounts import Account
from kaiwa.contracts.analytics import Compliance, Inbound, Outbound
from kaiwa.contracts.erasures import Checkpoint, Erasure, Receipt
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.outcomes import Outcome, State
from kaiwa.contracts.sends import SendRequest

Headers = Literal["cloudevents", "optional", "quarantine"]


@dataclass(frozen=True)
class Channel:
    """One topic. ``record`` is None where the value is not ours (quarantine)."""

    topic: str
    about: str
    record: type[msgspec.Struct] | None
    key: str
    partition: str
    writer: str
    readers: str
    kinds: tuple[str, ...] = ()
    """What ``ce_type`` may say, without ``instagram.`` and ``.v1``."""
    headers: Headers = "cloudevents"
    taken: bool = False
    """Kaiwa reads here what others write."""


QUARANTINE_HEADERS = {
    quarantine.REASON: "why, see [reasons.md](reasons.md)",
    quarantine.SOURCE: "where the bytes came from: `webhook`, or `<topic>/<partition>/<offset>`",
    quarantine.TIME: "when they were received",
    quarantine.ACCOUNT: "the account, where one could be read",
    quarantine.APP: "the app whose secret vouched for the bytes",
    quarantine.STREAM: "of one item, not a whole body: the array that it came in",
    quarantine.OCCURRED: "of one item: the time of its event",
}
QUARANTINE_ALWAYS = (quarantine.REASON, quarantine.SOURCE, quarantine.TIME)

_BY_KEY = "default partitioner, from the key"
_PRIVATE = tuple(kind.value for kind in Kind if kind.startswith("privacy."))
_PUBLIC = tuple(kind.value for kind in Kind if kind.value not in _PRIVATE)

CHANNELS: tuple[Channel, ...] = (
    Channel(
        topics.EVENTS,
        "What happened on Instagram, one record per event.",
        Event,
        key="the event's `id`",
        partition="the conversation's, see the partition rule",
        writer="ingest",
        readers="dispatcher, compliance, you",
        kinds=_PUBLIC,
    ),
    Channel(
        topics.SENDS,
        "What is to be sent. You write here.",
        SendRequest,
        key="`<account_id>:<customer_id or comment_id>`",
        partition=_BY_KEY,
        writer="you",
        readers="dispatcher",
        headers="optional",
        taken=True,
    ),
    Channel(
        topics.OUTCOMES,
        "What became of each request, one record per change of its state. No content.",
        Outcome,
        key="as its request: `<account_id>:<customer_id or comment_id>`",
        partition=_BY_KEY,
        writer="dispatcher",
        readers="compliance, you",
        kinds=tuple(f"send.{state}" for state in get_args(State)),
    ),
    Channel(
        topics.PRIVACY,
        "Deletion requests and deauthorisations that Meta passes on, in the envelope of an event.",
        Event,
        key="the event's `id`",
        partition=_BY_KEY,
        writer="ingest",
        readers="compliance",
        kinds=_PRIVATE,
    ),
    Channel(
        topics.ACCOUNTS,
        "The registry of accounts, without tokens: the newest record of a key is how the account is.",
        Account,
        key="`account_id`",
        partition=_BY_KEY,
        writer="dispatcher",
        readers="ingest, compliance, you",
        kinds=("account.changed",),
    ),
    Channel(
        topics.ERASURES,
        "Orders to delete, for every holder of data. Closing overwrites the ids with keyed hashes.",
        Erasure,
        key="`erasure_id`",
        partition=_BY_KEY,
        writer="compliance",
        readers="every holder of data: dispatcher, you",
        kinds=("erasure.open", "erasure.closed"),
    ),
    Channel(
        topics.RECEIPTS,
        "The holders' word that an order was carried out.",
        Receipt,
        key="`<erasure_id>:<holder>`",
        partition=_BY_KEY,
        writer="every holder of data: dispatcher, compliance, you",
        readers="compliance",
        kinds=("erasure.receipt",),
        taken=True,
    ),
    Channel(
        topics.CHECKPOINTS,
        "Signed heads of the ledger: keep one, and nobody can rewrite what came before it.",
        Checkpoint,
        key="`tree_size`, as digits",
        partition=_BY_KEY,
        writer="compliance",
        readers="auditors",
        kinds=("ledger.checkpoint",),
    ),
    Channel(
        topics.ANALYTICS_INBOUND,
        "One fact per event, for those who count: nobody's id, and nothing they said.",
        Inbound,
        key="`conversation`, a pseudonym",
        partition=_BY_KEY,
        writer="ingest",
        readers="data teams",
        kinds=("analytics.inbound",),
    ),
    Channel(
        topics.ANALYTICS_OUTBOUND,
        "One fact per outcome, for those who count: nobody's id, and nothing they were told.",
        Outbound,
        key="`conversation`, a pseudonym",
        partition=_BY_KEY,
        writer="dispatcher",
        readers="data teams",
        kinds=("analytics.outbound",),
    ),
    Channel(
        topics.ANALYTICS_COMPLIANCE,
        "Steps of erasures and verdicts of the disclosure audit, for those who count: nobody's id.",
        Compliance,
        key="`conversation`, a pseudonym; its own id where there is none",
        partition=_BY_KEY,
        writer="compliance",
        readers="data teams",
        kinds=("analytics.compliance",),
    ),
    Channel(
        topics.QUARANTINE,
        "What could not be understood: the value is the original bytes, the headers say why.",
        None,
        key="its id, random where nothing could be read",
        partition=_BY_KEY,
        writer="ingest, dispatcher",
        readers="operators: `kaiwa quarantine`",
        headers="quarantine",
    ),
)


def channel(topic: str) -> Channel | None:
    """What is known of a topic; None for one that is set up but not written yet."""
    return next((one for one in CHANNELS if one.topic == topic), None)
