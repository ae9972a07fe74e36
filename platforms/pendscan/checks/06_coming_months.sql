-- check: Coming months
-- expect: empty
-- severity: warning
-- description: The running and the next month have their partition, and no row of a later time waits in a default partition (PND-14)
-- remedy: SELECT ensure_partitions(); for months before, SELECT ensure_partitions('2024-09-01', '2025-02-28')
WITH series AS (
    SELECT c.oid, c.relname, p.partdefid
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ('blocks', 'transactions', 'network_metrics', 'user_events')
), wanted AS (
    SELECT relname, relname || to_char(date_trunc('month', now(), 'UTC') + ahead * interval '1 month', '_YYYY_MM') AS partition
      FROM series CROSS JOIN generate_series(0, 1) AS ahead
), waiting (relname, count) AS (
    SELECT 'blocks', count(*) FROM public.blocks WHERE mined_at >= date_trunc('month', now(), 'UTC')
       AND tableoid IN (SELECT partdefid FROM series)
    UNION ALL
    SELECT 'transactions', count(*) FROM public.transactions WHERE mined_at >= date_trunc('month', now(), 'UTC')
       AND tableoid IN (SELECT partdefid FROM series)
    UNION ALL
    SELECT 'network_metrics', count(*) FROM public.network_metrics WHERE measured_at >= date_trunc('month', now(), 'UTC')
       AND tableoid IN (SELECT partdefid FROM series)
    UNION ALL
    SELECT 'user_events', count(*) FROM public.user_events WHERE occurred_at >= date_trunc('month', now(), 'UTC')
       AND tableoid IN (SELECT partdefid FROM series)
)
SELECT 'partition ' || partition || ' is missing' AS finding FROM wanted WHERE to_regclass('partitions.' || partition) IS NULL
UNION ALL
SELECT relname || ': ' || count || ' rows of this month or later lie in the default partition' FROM waiting WHERE count > 0
