-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- Replace kafka:9092. A repeated record ends as one row: merges keep one per ce_id, FINAL sees it at once.

CREATE TABLE outbound
(
    ce_id String,
    state LowCardinality(String),
    reason Nullable(String),
    evidence Nullable(String),
    author_kind LowCardinality(String),
    lane LowCardinality(String),
    message Nullable(String),
    conversation String,
    account String,
    hour DateTime64(3, 'UTC'),
    elapsed_ms Int64,
    parts Int64,
    parts_sent Int64,
    attempt Int64,
    tag Nullable(String),
    disclosure Nullable(String),
    placement Nullable(String),
    language Nullable(String),
    error_code Nullable(Int64),
    error_subcode Nullable(Int64)
)
ENGINE = ReplacingMergeTree
ORDER BY ce_id;

CREATE TABLE outbound_queue
(
    state LowCardinality(String),
    reason Nullable(String),
    evidence Nullable(String),
    author_kind LowCardinality(String),
    lane LowCardinality(String),
    message Nullable(String),
    conversation String,
    account String,
    hour String,
    elapsed_ms Int64,
    parts Int64,
    parts_sent Int64,
    attempt Int64,
    tag Nullable(String),
    disclosure Nullable(String),
    placement Nullable(String),
    language Nullable(String),
    error_code Nullable(Int64),
    error_subcode Nullable(Int64)
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka:9092',
    kafka_topic_list = 'analytics.instagram.outbound.v1',
    kafka_group_name = 'clickhouse-outbound',
    kafka_format = 'JSONEachRow',
    input_format_skip_unknown_fields = 1;

CREATE MATERIALIZED VIEW outbound_intake TO outbound AS
SELECT
    _headers.value[indexOf(_headers.name, 'ce_id')] AS ce_id,
    state,
    reason,
    evidence,
    author_kind,
    lane,
    message,
    conversation,
    account,
    parseDateTime64BestEffort(hour, 3, 'UTC') AS hour,
    elapsed_ms,
    parts,
    parts_sent,
    attempt,
    tag,
    disclosure,
    placement,
    language,
    error_code,
    error_subcode
FROM outbound_queue;

CREATE VIEW outbound_summary AS
SELECT hour, lane, author_kind, state, reason, count(*) AS changes
FROM outbound FINAL
GROUP BY hour, lane, author_kind, state, reason
HAVING count(DISTINCT conversation) >= 5;
