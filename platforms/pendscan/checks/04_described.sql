-- check: Everything says what it is
-- expect: empty
-- severity: error
-- description: Every table, view, function and type has a comment
-- remedy: COMMENT ON, in a migration
SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'statistics ' ELSE 'table ' END || c.oid::regclass
       || ' has no comment' AS finding
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace IN ('public'::regnamespace, to_regnamespace('pii')) AND c.relkind IN ('r', 'p', 'm', 'v')
   AND pg_catalog.obj_description(c.oid, 'pg_class') IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'function ' || p.oid::regprocedure || ' has no comment'
  FROM pg_catalog.pg_proc p
 WHERE p.pronamespace IN ('public'::regnamespace, to_regnamespace('pii'))
   AND pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type ' || t.oid::regtype || ' has no comment'
  FROM pg_catalog.pg_type t
 WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'e' AND pg_catalog.obj_description(t.oid, 'pg_type') IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
