-- check: Row-level security
-- expect: empty
-- severity: error
-- description: Every table has it, its policies ask for the user once a statement, and nobody logs in past them
-- remedy: caisson migrate up, caisson provision; what was changed by hand has to be changed back
WITH ours AS (
    SELECT c.oid, c.relname, c.relrowsecurity
      FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
), prefix (name) AS (
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), policy AS (
    SELECT p.polname, ours.relname, p.polpermissive, p.polroles,
           coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
               AS condition
      FROM pg_catalog.pg_policy p JOIN ours ON ours.oid = p.polrelid
)
SELECT 'table ' || relname || ' has no row-level security' AS finding FROM ours WHERE NOT relrowsecurity
UNION ALL
SELECT 'table ' || relname || ' has no policy for its users' FROM ours
 WHERE NOT EXISTS (SELECT FROM policy WHERE policy.relname = ours.relname AND polroles = ARRAY[0::oid])
UNION ALL
SELECT 'policy ' || polname || ' of ' || relname || ' does not ask who the user is'
  FROM policy
 WHERE polpermissive AND polroles = ARRAY[0::oid]
   AND condition !~ '\( SELECT\s+\(?(NULLIF\(current_setting\(''app\.current_user_id''|(CASE\s+WHEN )?current_user_has\()'
UNION ALL
SELECT 'policy ' || polname || ' of ' || relname || ' lets through others than the auditor'
  FROM policy CROSS JOIN prefix
 WHERE polroles <> ARRAY[0::oid]
   AND polroles <> ARRAY(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = prefix.name || '_auditor')
UNION ALL
SELECT 'role ' || r.rolname || ' logs in past the policies'
  FROM pg_catalog.pg_roles r CROSS JOIN prefix
 WHERE r.rolcanlogin AND NOT r.rolsuper AND starts_with(r.rolname, prefix.name || '_')
   AND (r.rolbypassrls AND r.rolname NOT IN (prefix.name || '_service', prefix.name || '_backup')
        OR r.rolname <> prefix.name || '_migrator'
           AND EXISTS (SELECT FROM pg_catalog.pg_roles o WHERE o.rolname = prefix.name || '_owner'
                                                          AND pg_has_role(r.oid, o.oid, 'member')))
