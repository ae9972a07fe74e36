-- check: Server settings
-- expect: empty
-- severity: error
-- description: UTF-8, and at least the connections and memory that a million businesses need (KYB-9)
-- remedy: caisson provision --settings, then restart the server if it says so
WITH expected (name, least, unit) AS (VALUES
    ('max_connections', 200::bigint, ''),
    ('shared_buffers', 256::bigint << 20, ' bytes'),
    ('effective_cache_size', 2::bigint << 30, ' bytes')
), present AS (
    SELECT name, setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END AS value
      FROM pg_catalog.pg_settings WHERE name IN ('max_connections', 'shared_buffers', 'effective_cache_size')
)
SELECT expected.name || ' is ' || coalesce(present.value::text, 'unknown') || ', expected at least ' || expected.least
       || expected.unit AS finding
  FROM expected LEFT JOIN present USING (name)
 WHERE present.value IS NULL OR present.value < expected.least
UNION ALL
SELECT 'the database is encoded in ' || pg_encoding_to_char(encoding) || ', expected UTF8'
  FROM pg_catalog.pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) <> 'UTF8'
