-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- Replace kafka:9092. A repeated record ends as one row: merges keep one per ce_id, FINAL sees it at once.

CREATE TABLE inbound
(
    ce_id String,
    kind LowCardinality(String),
    stream LowCardinality(String),
    conversation String,
    account String,
    hour DateTime64(3, 'UTC'),
    delay_ms Nullable(Int64),
    text_bytes Int64,
    attachments Int64,
    is_reply Bool,
    is_quick_reply Bool,
    is_referred Bool,
    is_own Bool
)
ENGINE = ReplacingMergeTree
ORDER BY ce_id;

CREATE TABLE inbound_queue
(
    kind LowCardinality(String),
    stream LowCardinality(String),
    conversation String,
    account String,
    hour String,
    delay_ms Nullable(Int64),
    text_bytes Int64,
    attachments Int64,
    is_reply Bool,
    is_quick_reply Bool,
    is_referred Bool,
    is_own Bool
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka:9092',
    kafka_topic_list = 'analytics.instagram.inbound.v1',
    kafka_group_name = 'clickhouse-inbound',
    kafka_format = 'JSONEachRow',
    input_format_skip_unknown_fields = 1;

CREATE MATERIALIZED VIEW inbound_intake TO inbound AS
SELECT
    _headers.value[indexOf(_headers.name, 'ce_id')] AS ce_id,
    kind,
    stream,
    conversation,
    account,
    parseDateTime64BestEffort(hour, 3, 'UTC') AS hour,
    delay_ms,
    text_bytes,
    attachments,
    is_reply,
    is_quick_reply,
    is_referred,
    is_own
FROM inbound_queue;

CREATE VIEW inbound_summary AS
SELECT hour, kind, count(*) AS events, sum(text_bytes) AS text_bytes
FROM inbound FINAL
GROUP BY hour, kind
HAVING count(DISTINCT conversation) >= 5;
