-- check: Server settings
-- expect: empty
-- severity: error
-- description: PostgreSQL 15 or later, UTF-8, UTC for whoever connects (BO1-10)
-- remedy: caisson provision; another encoding needs a new database
SELECT 'PostgreSQL ' || current_setting('server_version') || ', expected 15 or later' AS finding
 WHERE current_setting('server_version_num')::integer < 150000
UNION ALL
SELECT 'the database is encoded in ' || pg_encoding_to_char(encoding) || ', expected UTF8'
  FROM pg_catalog.pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) <> 'UTF8'
UNION ALL  -- What a session begins with; verification sets its own to UTC.
SELECT 'sessions begin with time zone ' || reset_val || ', expected UTC'
  FROM pg_catalog.pg_settings WHERE name = 'TimeZone' AND reset_val NOT IN ('UTC', 'Etc/UTC')
