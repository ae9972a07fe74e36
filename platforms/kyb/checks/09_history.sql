-- check: History as migrations
-- expect: empty
-- severity: error
-- description: The view migrations can be read by the application and written by nobody (KYB-1)
-- remedy: caisson migrate up; REVOKE what was granted by hand
SELECT 'view migrations is missing' AS finding
 WHERE to_regclass('public.migrations') IS NULL AND to_regnamespace('caisson') IS NOT NULL
UNION ALL
SELECT 'the view migrations can be written through: its owner may write the history'
  FROM pg_catalog.pg_class c
 WHERE c.oid = to_regclass('public.migrations') AND pg_relation_is_updatable(c.oid, true) <> 0
UNION ALL
SELECT 'the view migrations cannot be read by ' || r.rolname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
  JOIN pg_catalog.pg_roles r ON r.rolname IN (regexp_replace(o.rolname, '_owner$', '_app'),
                                              regexp_replace(o.rolname, '_owner$', '_readonly'),
                                              regexp_replace(o.rolname, '_owner$', '_auditor'))
 WHERE c.oid = to_regclass('public.migrations')
   AND NOT (has_table_privilege(r.oid, c.oid, 'SELECT')
            AND has_table_privilege(o.oid, to_regclass('caisson.migrations')::oid, 'SELECT'))

-- check: Three migrations
-- expect: value = '001 applied, 002 applied, 003 applied'
-- severity: error
-- description: The view tells the three migrations of KYB-1 in their order, each whole; later ones may follow
-- remedy: caisson migrate status, then caisson migrate up
SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM public.migrations
 WHERE version IN ('001', '002', '003')
