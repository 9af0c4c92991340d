-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- python export.py analytics.instagram.outbound.v1 > outbound.jsonl && duckdb outbound.duckdb < analytics.instagram.outbound.v1.duckdb.sql

CREATE OR REPLACE TABLE outbound AS
SELECT * FROM read_json(
    'outbound.jsonl', format = 'newline_delimited', columns = {
        ce_id: 'VARCHAR',
        state: 'VARCHAR',
        reason: 'VARCHAR',
        evidence: 'VARCHAR',
        author_kind: 'VARCHAR',
        lane: 'VARCHAR',
        message: 'VARCHAR',
        conversation: 'VARCHAR',
        account: 'VARCHAR',
        hour: 'TIMESTAMPTZ',
        elapsed_ms: 'BIGINT',
        parts: 'BIGINT',
        parts_sent: 'BIGINT',
        attempt: 'BIGINT',
        tag: 'VARCHAR',
        disclosure: 'VARCHAR',
        placement: 'VARCHAR',
        language: 'VARCHAR',
        error_code: 'BIGINT',
        error_subcode: 'BIGINT'
    }
)
QUALIFY row_number() OVER (PARTITION BY ce_id) = 1;

CREATE OR REPLACE VIEW outbound_summary AS
SELECT hour, lane, author_kind, state, reason, count(*) AS changes
FROM outbound
GROUP BY hour, lane, author_kind, state, reason
HAVING count(DISTINCT conversation) >= 5;
