-- check: Time series
-- expect: empty
-- severity: error
-- description: With TimescaleDB four hypertables, without it four tables partitioned by time with a default partition (PND-14)
-- remedy: the decision is made when 005 runs; where TimescaleDB came later, a migration has to turn the tables over
WITH series (name, at) AS (VALUES
    ('blocks', 'mined_at'), ('transactions', 'mined_at'), ('network_metrics', 'measured_at'),
    ('user_events', 'occurred_at')
), present AS (
    SELECT series.name, series.at, c.relkind, p.partdefid, a.attname, p.partstrat
      FROM series
      LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass('public.' || series.name)
      LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
), server (has_timescale) AS (
    SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')
)
SELECT name || ' is missing' AS finding FROM present WHERE relkind IS NULL
UNION ALL
SELECT name || ' is neither partitioned by ' || at || ' nor a hypertable'
  FROM present CROSS JOIN server
 WHERE relkind IS NOT NULL AND NOT has_timescale AND (partstrat, attname) IS DISTINCT FROM ('r', at::name)
UNION ALL
SELECT name || ' has no default partition: a row of a month that nobody made would be refused'
  FROM present WHERE relkind = 'p' AND partdefid = 0
UNION ALL
SELECT name || ' is no hypertable although the server has TimescaleDB'
  FROM present CROSS JOIN server
 WHERE has_timescale AND (relkind = 'p' OR NOT EXISTS (  -- Its triggers and chunks depend on the extension's catalogue.
           SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = to_regclass('public.' || name)
                                                 AND t.tgname = 'ts_insert_blocker'))
