"""``analytics.instagram.compliance.v1``: what was erased, disclosed and found."""

from typing import Final

from kaiwa.contracts import topics
from kaiwa.contracts.analytics import Compliance
from kaiwa.contracts.schema.datasets.dataset import PSEUDONYM, Check, Column, Dataset

COMPLIANCE: Final = Dataset(
    topic=topics.ANALYTICS_COMPLIANCE,
    record=Compliance,
    title="What was erased, disclosed and found",
    purpose="How many erasures there are and how long they take; how often automation disclosed itself, and where not.",
    usage="Counts and distributions by fact, hour and account. Dedupe by ce_id.",
    limitations=(
        "Nobody's id. Pseudonyms change when their key does: join within one rotation, and with nothing outside these "
        "topics. Export groups of five conversations or more. A verdict that changes is told again; the newest of a "
        "conversation's message is not to be recognised here. What has to be proven is in the ledger, not here."
    ),
    granularity="One record per entry of the ledger about an erasure or a verdict; ce_id is the same when it is repeated.",
    writer="kaiwa-compliance",
    latency_seconds=60,
    columns={
        "fact": Column("The kind of the ledger's entry. The set is open.", few=True),
        "hour": Column("When it was entered, cut to the hour."),
        "conversation": Column(
            "Pseudonym of account and customer; null where there is none any more.", pattern=PSEUDONYM
        ),
        "account": Column("Pseudonym of the account; null where there is none any more.", pattern=PSEUDONYM),
        "scope": Column("What an erasure is of.", few=True),
        "reason": Column("Why an erasure was opened. The set is open.", few=True),
        "trigger": Column("What made a disclosure due.", few=True),
        "text_id": Column("Which text disclosed.", few=True),
        "language": Column("In which language.", few=True),
        "author": Column("Who is said to have written the message.", few=True),
        "seconds": Column(
            "Of an erasure, since it was noticed; of a verdict, how late or how far outside the window."
        ),
    },
    checks=(
        Check(
            "hours_are_whole",
            "A finer time could be matched with other logs.",
            "SELECT count(*) FROM ${object} WHERE hour <> date_trunc('hour', hour)",
            "conformity",
        ),
        Check(
            "erasures_have_a_scope",
            "An erasure's fact without its scope was not read from its case.",
            "SELECT count(*) FROM ${object} WHERE fact LIKE 'erasure.%' AND scope IS NULL",
            "completeness",
        ),
    ),
    summary=(
        "SELECT hour, fact, count(*) AS facts, max(seconds) AS longest\n"
        "FROM ${object}\nGROUP BY hour, fact\nHAVING count(DISTINCT conversation) >= 5"
    ),
)
