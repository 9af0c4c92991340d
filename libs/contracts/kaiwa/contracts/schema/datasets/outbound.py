"""``analytics.instagram.outbound.v1``: what became of what was to go out."""

from typing import Final

from kaiwa.contracts import topics
from kaiwa.contracts.analytics import Outbound
from kaiwa.contracts.schema.datasets.dataset import PSEUDONYM, Check, Column, Dataset

OUTBOUND: Final = Dataset(
    topic=topics.ANALYTICS_OUTBOUND,
    record=Outbound,
    title="What became of what was to go out",
    purpose="How much is sent, refused and left in doubt, why, how long it takes, and how automation discloses itself.",
    usage="Counts and distributions by state, reason, lane, author and hour. Dedupe by ce_id.",
    limitations=(
        "Nobody's id and nothing anybody said. Pseudonyms change when their key does: join within one rotation, and "
        "with nothing outside these topics. Export groups of five conversations or more. A request has a record for "
        "each change of its state: its end is sent, refused, expired, cancelled or failed, and a failed one may still "
        "turn out to be sent."
    ),
    granularity="One record per outcome; a repeated outcome repeats its record with the same ce_id.",
    writer="kaiwa-dispatcher",
    latency_seconds=60,
    columns={
        "state": Column("The request's new state, as in instagram.outcomes.v1.", few=True),
        "reason": Column(
            "The reason code; null where there is nothing to explain. The set is open.", few=True
        ),
        "evidence": Column("How it is known that it was sent.", few=True),
        "author_kind": Column("Whether a person or a program asked.", few=True),
        "lane": Column("The lane it travelled in.", few=True),
        "message": Column(
            "The kind of message; null where it was refused at once. The set is open.", few=True
        ),
        "conversation": Column("Pseudonym of account and customer.", pattern=PSEUDONYM),
        "account": Column("Pseudonym of the account.", pattern=PSEUDONYM),
        "hour": Column("When it was decided, cut to the hour."),
        "elapsed_ms": Column("From the request's arrival in Kafka to this change."),
        "parts": Column("Messages that the request has become so far.", least=0),
        "parts_sent": Column("How many of them the customer has.", least=0),
        "attempt": Column("Calls that were made for it.", least=0),
        "tag": Column("The tag it was sent with.", few=True),
        "disclosure": Column("What made the disclosure due that it carried.", few=True),
        "placement": Column("Whether the disclosure stood before the text or alone.", few=True),
        "language": Column("The disclosure's language.", few=True),
        "error_code": Column("Meta's error code."),
        "error_subcode": Column("Meta's error subcode."),
    },
    checks=(
        Check(
            "hours_are_whole",
            "A finer time could be matched with other logs.",
            "SELECT count(*) FROM ${object} WHERE hour <> date_trunc('hour', hour)",
            "conformity",
        ),
        Check(
            "sent_has_evidence",
            "What is sent is known by something, gestures and requests without a call aside.",
            "SELECT count(*) FROM ${object} WHERE state = 'sent' AND parts > 0 AND evidence IS NULL",
            "consistency",
        ),
        Check(
            "no_more_is_sent_than_there_is",
            "Parts that were sent are among the parts.",
            "SELECT count(*) FROM ${object} WHERE parts_sent > parts",
            "consistency",
        ),
    ),
    summary=(
        "SELECT hour, lane, author_kind, state, reason, count(*) AS changes\n"
        "FROM ${object}\nGROUP BY hour, lane, author_kind, state, reason\nHAVING count(DISTINCT conversation) >= 5"
    ),
)
