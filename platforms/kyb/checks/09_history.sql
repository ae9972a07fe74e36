-- check: History as migrations
-- expect: empty
-- severity: error
-- description: The view migrations tells 001 to 003, can be read by the application, and written by nobody (KYB-1)
-- remedy: caisson migrate status, caisson migrate up; REVOKE what was granted by hand
SELECT 'migration ' || expected.version || ' is ' || coalesce(m.state, 'not in the history') AS finding
  FROM (VALUES ('001'), ('002'), ('003')) AS expected (version) LEFT JOIN public.migrations m USING (version)
 WHERE m.state IS DISTINCT FROM 'applied'
   AND to_regnamespace('caisson') IS NOT NULL  -- Under plain psql there is no history.
UNION ALL
SELECT 'the view migrations can be written through'
  FROM pg_catalog.pg_class c
 WHERE c.oid = to_regclass('public.migrations') AND pg_relation_is_updatable(c.oid, true) <> 0
UNION ALL
SELECT r.rolname || ' cannot read the view migrations'
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
  JOIN pg_catalog.pg_roles r ON r.rolname IN (regexp_replace(o.rolname, '_owner$', '_app'),
                                              regexp_replace(o.rolname, '_owner$', '_readonly'),
                                              regexp_replace(o.rolname, '_owner$', '_auditor'))
 WHERE c.oid = to_regclass('public.migrations')
   AND NOT (has_table_privilege(r.oid, c.oid, 'SELECT')
            AND has_function_privilege(r.oid, to_regprocedure('public.migration_history()')::oid, 'EXECUTE'))
