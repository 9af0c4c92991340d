-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- Replace kafka:9092. A repeated record ends as one row: merges keep one per ce_id, FINAL sees it at once.

CREATE TABLE compliance
(
    ce_id String,
    fact LowCardinality(String),
    hour DateTime64(3, 'UTC'),
    conversation Nullable(String),
    account Nullable(String),
    scope Nullable(String),
    reason Nullable(String),
    trigger Nullable(String),
    text_id Nullable(String),
    language Nullable(String),
    author Nullable(String),
    seconds Nullable(Int64)
)
ENGINE = ReplacingMergeTree
ORDER BY ce_id;

CREATE TABLE compliance_queue
(
    fact LowCardinality(String),
    hour String,
    conversation Nullable(String),
    account Nullable(String),
    scope Nullable(String),
    reason Nullable(String),
    trigger Nullable(String),
    text_id Nullable(String),
    language Nullable(String),
    author Nullable(String),
    seconds Nullable(Int64)
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka:9092',
    kafka_topic_list = 'analytics.instagram.compliance.v1',
    kafka_group_name = 'clickhouse-compliance',
    kafka_format = 'JSONEachRow',
    input_format_skip_unknown_fields = 1;

CREATE MATERIALIZED VIEW compliance_intake TO compliance AS
SELECT
    _headers.value[indexOf(_headers.name, 'ce_id')] AS ce_id,
    fact,
    parseDateTime64BestEffort(hour, 3, 'UTC') AS hour,
    conversation,
    account,
    scope,
    reason,
    trigger,
    text_id,
    language,
    author,
    seconds
FROM compliance_queue;

CREATE VIEW compliance_summary AS
SELECT hour, fact, count(*) AS facts, max(seconds) AS longest
FROM compliance FINAL
GROUP BY hour, fact
HAVING count(DISTINCT conversation) >= 5;
