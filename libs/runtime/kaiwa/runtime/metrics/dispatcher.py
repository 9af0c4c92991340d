"""The dispatcher's own metrics. While the database cannot be asked, ages grow from where they stood."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from kaiwa.runtime.metrics.registry import DISPATCHER, LATENCY, LONG

# Send requests taken in, by outcome (accepted, refused, repeated).
INTAKE: Final = Counter(
    "kaiwa_dispatcher_intake_total", "Send requests taken in", ["outcome"], registry=DISPATCHER
)
# Decisions just before a call, by verdict and reason code (empty for send).
DECISIONS: Final = Counter(
    "kaiwa_dispatcher_decisions_total", "Decisions", ["verdict", "reason"], registry=DISPATCHER
)
# Calls to the Send API by how they ended (sent, failed, again, indoubt), lane, reason code and, where the platform
# answered with an error, what that asks of us (drop, fix, wait, pause, reauth, …: docs/contracts, platform errors).
SENDS: Final = Counter(
    "kaiwa_dispatcher_sends_total",
    "Calls to the Send API",
    ["outcome", "lane", "reason", "action"],
    registry=DISPATCHER,
)
# From the moment a request was due to its first byte at the platform, where nothing but its turn held it back.
HANDOVER_SECONDS: Final = Histogram(
    "kaiwa_dispatcher_handover_seconds",
    "Due to first byte at the platform",
    ["lane"],
    buckets=(*LATENCY, 10, 30, 60, 300),
    registry=DISPATCHER,
)
# Messages sent with a tag; the only one there is says that a person answers late.
TAGGED: Final = Counter("kaiwa_dispatcher_tagged_total", "Tagged messages", ["tag"], registry=DISPATCHER)
# Accounts of the registry by state; every process shows all of them.
ACCOUNTS: Final = Gauge("kaiwa_dispatcher_accounts_size", "Accounts by state", ["state"], registry=DISPATCHER)
# Accounts in trouble that their state does not show: silent, token_ending, unsubscribed, unanswered.
TROUBLED: Final = Gauge(
    "kaiwa_dispatcher_troubled_accounts_size", "Accounts in trouble", ["trouble"], registry=DISPATCHER
)
# Subscriptions that were gone and were made again by ourselves (subscribed, refused).
RESUBSCRIBED: Final = Counter(
    "kaiwa_dispatcher_resubscribed_total", "Subscriptions made again", ["outcome"], registry=DISPATCHER
)
# Looks at an account at Meta, by what was found (well, ill) or why nothing was (unanswered, unsealable).
PROBES: Final = Counter(
    "kaiwa_dispatcher_probes_total", "Looks at accounts", ["outcome"], registry=DISPATCHER
)
# Attempts to refresh a token of Instagram Login (refreshed, failed, overtaken by a new login).
TOKENS_REFRESHED: Final = Counter(
    "kaiwa_dispatcher_tokens_refreshed_total", "Tokens refreshed", ["outcome"], registry=DISPATCHER
)
# One call, first byte out to answer.
SEND_SECONDS: Final = Histogram(
    "kaiwa_dispatcher_send_seconds",
    "One call to the Send API",
    buckets=(*LATENCY, 10, 20),
    registry=DISPATCHER,
)
# Messages whose outcome is not known yet.
IN_DOUBT: Final = Gauge("kaiwa_dispatcher_in_doubt", "Messages in doubt", registry=DISPATCHER)
# Age of the oldest of them; above a quarter of an hour a person should look (`kaiwa sends list --state in_doubt`).
DOUBT_AGE: Final = Gauge(
    "kaiwa_dispatcher_in_doubt_age_seconds", "Oldest message in doubt", registry=DISPATCHER
)
# Pauses that the platform's throttling set off, by who has to wait (account, app).
PAUSES: Final = Counter(
    "kaiwa_dispatcher_pauses_total", "Pauses after throttling", ["scope"], registry=DISPATCHER
)
# How full the fullest budget at the platform is (account, app), as its answers of the last hour say; 0 below 80 %.
USAGE: Final = Gauge(
    "kaiwa_dispatcher_usage_ratio", "Budgets used at the platform", ["scope"], registry=DISPATCHER
)
# In doubt no longer, by the evidence that settled it.
SETTLED: Final = Counter(
    "kaiwa_dispatcher_settled_total", "Messages settled", ["evidence"], registry=DISPATCHER
)
# Age of the oldest message that is due and not sent, by lane; `waking` is due and not yet sorted into one.
QUEUE_AGE: Final = Gauge(
    "kaiwa_dispatcher_queue_age_seconds", "Oldest due message", ["lane"], registry=DISPATCHER
)
# Disclosures delivered, by what made them due.
DISCLOSURES: Final = Counter(
    "kaiwa_dispatcher_disclosures_total", "Disclosures sent", ["trigger"], registry=DISPATCHER
)
# Media uploaded to be sent by its id, by what the platform did with it (taken, refused).
UPLOADS: Final = Counter("kaiwa_dispatcher_uploads_total", "Media uploads", ["outcome"], registry=DISPATCHER)
# Seen and typing before automated replies, by what became of them (shown, failed, late, skipped).
PRESENCE: Final = Counter(
    "kaiwa_dispatcher_presence_total", "Seen and typing signs", ["outcome"], registry=DISPATCHER
)
# Questions to the platform who owns a thread, by its answer (ours, other, idle, unanswered).
OWNERS_ASKED: Final = Counter(
    "kaiwa_dispatcher_owners_asked_total", "Questions who owns a thread", ["answer"], registry=DISPATCHER
)
# Accounts whose events go to every connected app, each of which may answer: two might.
ZERO_CONFIG: Final = Gauge(
    "kaiwa_dispatcher_routing_open", "Accounts without conversation routing", registry=DISPATCHER
)
# Time that limits kept messages waiting for a token, by bucket class.
TOKENS_WAITED: Final = Counter(
    "kaiwa_dispatcher_tokens_waited_seconds_total",
    "Waiting for rate tokens",
    ["bucket"],
    registry=DISPATCHER,
)
# Age of the oldest content row; above the longest grace something is not erased.
CONTENT_AGE: Final = Gauge(
    "kaiwa_dispatcher_content_age_seconds", "Oldest sealed content", registry=DISPATCHER
)
# Age of the oldest slice of contents; above an hour, bytes of erased messages may still be on the disk.
SLICE_AGE: Final = Gauge(
    "kaiwa_dispatcher_content_slice_age_seconds", "Oldest slice of contents", registry=DISPATCHER
)
# From Kafka having an erasure's order to the dispatcher having deleted its rows.
ERASED_ROWS: Final = Histogram(
    "kaiwa_dispatcher_order_to_row_seconds",
    "Erasure order to rows deleted",
    buckets=(*LATENCY, 15, 60, 300),
    registry=DISPATCHER,
)
# From Kafka having an erasure's order to the bytes of the deleted contents having left PostgreSQL's files.
ERASED_FROM_HEAP: Final = Histogram(
    "kaiwa_dispatcher_order_to_heap_seconds",
    "Erasure order to bytes off the disk",
    buckets=LONG,
    registry=DISPATCHER,
)
# Age of the oldest erasure order whose deleted contents may still have bytes in PostgreSQL's files; 0 where none has.
ERASED_ON_DISK: Final = Gauge(
    "kaiwa_dispatcher_erased_on_disk_age_seconds",
    "Oldest order with bytes on the disk",
    registry=DISPATCHER,
)
# Requests at the door for callers, by route and status.
DOOR_REQUESTS: Final = Counter(
    "kaiwa_dispatcher_door_requests_total", "Requests at the door", ["route", "status"], registry=DISPATCHER
)
# From the request's head to its answer; what waits for outcomes waits on purpose.
DOOR_SECONDS: Final = Histogram(
    "kaiwa_dispatcher_door_seconds",
    "One request at the door",
    ["route"],
    buckets=LATENCY,
    registry=DISPATCHER,
)
# Requests that wait for outcomes now.
DOOR_WAITING: Final = Gauge(
    "kaiwa_dispatcher_door_waiting_size", "Requests waiting for outcomes", registry=DISPATCHER
)

# A series that first appears at 1 has no rate: those that objectives and alerts rest on are there from the start.
for _lane in ("human", "transactional", "bulk"):
    HANDOVER_SECONDS.labels(_lane)
for _scope in ("account", "app"):
    PAUSES.labels(_scope)
