-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- python export.py analytics.instagram.inbound.v1 > inbound.jsonl && duckdb inbound.duckdb < analytics.instagram.inbound.v1.duckdb.sql

CREATE OR REPLACE TABLE inbound AS
SELECT * FROM read_json(
    'inbound.jsonl', format = 'newline_delimited', columns = {
        ce_id: 'VARCHAR',
        kind: 'VARCHAR',
        stream: 'VARCHAR',
        conversation: 'VARCHAR',
        account: 'VARCHAR',
        hour: 'TIMESTAMPTZ',
        delay_ms: 'BIGINT',
        text_bytes: 'BIGINT',
        attachments: 'BIGINT',
        is_reply: 'BOOLEAN',
        is_quick_reply: 'BOOLEAN',
        is_referred: 'BOOLEAN',
        is_own: 'BOOLEAN'
    }
)
QUALIFY row_number() OVER (PARTITION BY ce_id) = 1;

CREATE OR REPLACE VIEW inbound_summary AS
SELECT hour, kind, count(*) AS events, sum(text_bytes) AS text_bytes
FROM inbound
GROUP BY hour, kind
HAVING count(DISTINCT conversation) >= 5;
