-- Written by `kaiwa contracts write`; change the data set in the code instead.
-- python export.py analytics.instagram.compliance.v1 > compliance.jsonl && duckdb compliance.duckdb < analytics.instagram.compliance.v1.duckdb.sql

CREATE OR REPLACE TABLE compliance AS
SELECT * FROM read_json(
    'compliance.jsonl', format = 'newline_delimited', columns = {
        ce_id: 'VARCHAR',
        fact: 'VARCHAR',
        hour: 'TIMESTAMPTZ',
        conversation: 'VARCHAR',
        account: 'VARCHAR',
        scope: 'VARCHAR',
        reason: 'VARCHAR',
        trigger: 'VARCHAR',
        text_id: 'VARCHAR',
        language: 'VARCHAR',
        author: 'VARCHAR',
        seconds: 'BIGINT'
    }
)
QUALIFY row_number() OVER (PARTITION BY ce_id) = 1;

CREATE OR REPLACE VIEW compliance_summary AS
SELECT hour, fact, count(*) AS facts, max(seconds) AS longest
FROM compliance
GROUP BY hour, fact
HAVING count(DISTINCT conversation) >= 5;
