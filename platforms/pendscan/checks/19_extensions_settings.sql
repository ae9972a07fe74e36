-- check: Extensions and settings
-- expect: empty
-- severity: error
-- description: PostgreSQL 15 or later, the four extensions, and at least the memory and connections that the document asks for (PND-14)
-- remedy: caisson provision; caisson provision --settings, then restart the server if it says so
WITH expected (name, least, unit) AS (VALUES
    ('max_connections', 100::numeric, ''),
    ('shared_buffers', 268435456, ' bytes'),
    ('work_mem', 4194304, ' bytes'),
    ('maintenance_work_mem', 67108864, ' bytes'),
    ('wal_buffers', 16777216, ' bytes'),
    ('checkpoint_completion_target', 0.9, '')
), present AS (
    SELECT name, CASE WHEN vartype IN ('integer', 'real') THEN setting::numeric END
                 * CASE unit WHEN '8kB' THEN 8192 WHEN 'kB' THEN 1024 WHEN 'MB' THEN 1048576 ELSE 1 END AS value
      FROM pg_catalog.pg_settings WHERE name IN (SELECT name FROM expected)
)
SELECT 'extension ' || wanted.name || ' is not installed' AS finding
  FROM (VALUES ('uuid-ossp'), ('pgcrypto'), ('pg_trgm'), ('btree_gin')) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = wanted.name)
UNION ALL
SELECT expected.name || ' is ' || coalesce(present.value::text, 'unknown') || ', expected at least ' || expected.least
       || expected.unit
  FROM expected LEFT JOIN present USING (name)
 WHERE present.value IS NULL OR present.value < expected.least
UNION ALL
SELECT 'the server is PostgreSQL ' || current_setting('server_version') || ', expected 15 or later'
 WHERE current_setting('server_version_num')::integer < 150000
UNION ALL
SELECT 'the database is encoded in ' || pg_encoding_to_char(encoding) || ', expected UTF8'
  FROM pg_catalog.pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) <> 'UTF8'
