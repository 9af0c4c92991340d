"""``analytics.instagram.inbound.v1``: what came in."""

from typing import Final

from kaiwa.contracts import topics
from kaiwa.contracts.analytics import Inbound
from kaiwa.contracts.schema.datasets.dataset import PSEUDONYM, Check, Column, Dataset

INBOUND: Final = Dataset(
    topic=topics.ANALYTICS_INBOUND,
    record=Inbound,
    title="What came in",
    purpose="How much is written to the accounts, when, of which kind and how fast it arrives.",
    usage="Counts and distributions by kind, stream, hour and account. Dedupe by ce_id.",
    limitations=(
        "Nobody's id and nothing anybody said. Pseudonyms change when their key does: join within one rotation, and "
        "with nothing outside these topics. Export groups of five conversations or more. A fact is given up rather "
        "than waited for (kaiwa_ingest_facts_lost_total): count events in instagram.events.v1 where each one matters."
    ),
    granularity="One record per event; a redelivered event repeats its record with the same ce_id.",
    writer="kaiwa-ingest",
    latency_seconds=60,
    columns={
        "kind": Column("The kind of event, as in instagram.events.v1. The set is open.", few=True),
        "stream": Column("Where Meta delivered it; in standby another app controls the thread.", few=True),
        "conversation": Column("Pseudonym of account and customer.", pattern=PSEUDONYM),
        "account": Column("Pseudonym of the account.", pattern=PSEUDONYM),
        "hour": Column("When it happened, cut to the hour."),
        "delay_ms": Column("From its own time to its arrival; null where Meta gives none."),
        "text_bytes": Column("UTF-8 bytes of its text.", least=0),
        "attachments": Column("How many attachments it has.", least=0),
        "is_reply": Column("It answers a message or a story."),
        "is_quick_reply": Column("It is a tap on a quick reply."),
        "is_referred": Column("It came through an ad, a link or a product."),
        "is_own": Column("The account itself wrote it."),
    },
    checks=(
        Check(
            "hours_are_whole",
            "A finer time could be matched with other logs.",
            "SELECT count(*) FROM ${object} WHERE hour <> date_trunc('hour', hour)",
            "conformity",
        ),
        Check(
            "a_conversation_has_one_account",
            "Pseudonyms of conversations are made with their account.",
            "SELECT count(*) FROM (SELECT conversation FROM ${object} GROUP BY conversation "
            "HAVING count(DISTINCT account) > 1) AS torn",
            "consistency",
        ),
    ),
    summary=(
        "SELECT hour, kind, count(*) AS events, sum(text_bytes) AS text_bytes\n"
        "FROM ${object}\nGROUP BY hour, kind\nHAVING count(DISTINCT conversation) >= 5"
    ),
)
