-- check: Statistics can be refreshed while they are read
-- expect: empty
-- severity: error
-- description: Every materialised view is filled and has a unique index over plain columns; real_time_stats has one row (PND-15)
-- remedy: caisson migrate up; SELECT refresh_statistics()
SELECT 'statistics ' || c.oid::regclass || ' has no unique index over all rows' AS finding
  FROM pg_catalog.pg_class c
 WHERE c.relkind = 'm' AND c.relnamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                    WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL)
UNION ALL
SELECT 'statistics ' || c.oid::regclass || ' were never computed'
  FROM pg_catalog.pg_class c
 WHERE c.relkind = 'm' AND c.relnamespace = 'public'::regnamespace AND NOT c.relispopulated
UNION ALL
SELECT 'real_time_stats has ' || count(*) || ' rows, expected 1' FROM public.real_time_stats HAVING count(*) <> 1
