-- check: Rows of users are guarded
-- expect: empty
-- severity: error
-- description: Row-level security is on and forced for rows of users; the policy of the application compares with app.current_user_id (PND-9)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH guarded (name) AS (VALUES
    ('users'), ('wallets'), ('investments'), ('kyc_applications'), ('kyc_documents'), ('user_events')
)
SELECT 'row-level security of ' || guarded.name || ' is ' || CASE WHEN c.relrowsecurity THEN 'not forced' ELSE 'off' END
       AS finding
  FROM guarded LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass('public.' || guarded.name)
 WHERE NOT coalesce(c.relrowsecurity AND c.relforcerowsecurity, false)
UNION ALL
SELECT guarded.name || ' has no policy that compares with app.current_user_id'
  FROM guarded
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_policies p
                    WHERE p.schemaname = 'public' AND p.tablename = guarded.name AND p.policyname = guarded.name || '_own'
                      AND p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE' AND p.roles = '{public}'
                      AND p.qual ~ 'SELECT \(?NULLIF\(current_setting\(''app.current_user_id''')
UNION ALL  -- The panel's asks who acts; only the owner, who has no login, and the auditor, who only reads, are not asked.
SELECT 'policy ' || p.policyname || ' of ' || p.tablename || ' shows every row to ' || array_to_string(p.roles, ', ')
  FROM pg_catalog.pg_policies p JOIN guarded ON guarded.name = p.tablename
 WHERE p.schemaname = 'public' AND p.permissive = 'PERMISSIVE' AND p.qual = 'true'
   AND NOT (p.cmd = 'SELECT' AND (p.policyname LIKE '%\_statistics' OR p.policyname LIKE '%\_audit'))
UNION ALL  -- A partition read by its own name would be read past the policies of its table.
SELECT 'role ' || r.rolname || ' may use the schema partitions'
  FROM pg_catalog.pg_roles r
 WHERE r.rolname ~ '_(app|panel|pii|readonly|auditor|advisor|monitor)$'
   AND r.rolname LIKE (SELECT left(o.rolname, -6) FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
                        WHERE d.datname = current_database() AND o.rolname LIKE '%\_owner') || '\_%'
   AND has_schema_privilege(r.oid, 'partitions', 'USAGE')
