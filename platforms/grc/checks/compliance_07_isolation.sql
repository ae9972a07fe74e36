-- check: Compliance: isolation of organisations
-- database: compliance
-- expect: empty
-- severity: error
-- description: Every table with an organisation has forced policies that ask app.current_user_id, and an index for them
-- remedy: caisson migrate up; a new table needs its policy in the same release
WITH owned AS (
    SELECT c.oid, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, a.attnum AS tenant
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_ksa_compliance_owner, …_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.assessments')
)
SELECT name || ' has no forced row-level security' AS finding FROM owned
 WHERE NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT name || ' has no policy' FROM owned
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = owned.oid)
UNION ALL
SELECT 'policy ' || p.polname || ' of ' || name || ' does not ask who acts'
  FROM owned JOIN pg_catalog.pg_policy p ON p.polrelid = owned.oid
 WHERE pg_get_expr(p.polqual, p.polrelid) !~ 'my_organisations|app\.current_user_id' OR p.polqual IS NULL
UNION ALL
SELECT name || ' has no index that begins with its organisation' FROM owned
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                    WHERE x.indrelid = owned.oid AND x.indkey[0] = owned.tenant AND x.indisvalid AND x.indpred IS NULL)
UNION ALL
SELECT 'role ' || r.rolname || ' passes every policy' FROM prefix
  JOIN pg_catalog.pg_roles r ON starts_with(r.rolname, prefix.name || '_')
 WHERE r.rolbypassrls AND NOT r.rolsuper AND r.rolname NOT IN (prefix.name || '_service', prefix.name || '_backup')
