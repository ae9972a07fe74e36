-- check: Policies
-- expect: empty
-- severity: error
-- description: Each of the four binds everybody, in all that they do, by app.current_user_id; tables force it (BO1-3)
-- remedy: caisson migrate; a policy that somebody added beside them widens what users see, and has to go
WITH expected (relation, name) AS (VALUES
    ('sessions', 'sessions_user_isolation'),
    ('contributions', 'contributions_user_isolation'),
    ('votes', 'votes_user_isolation'),
    ('audit_log', 'audit_log_user_isolation')
), present AS (
    SELECT tablename::text AS relation, policyname::text AS name, permissive, roles, cmd, qual, with_check
      FROM pg_catalog.pg_policies WHERE schemaname = 'public'
)
SELECT 'policy ' || name || ' on ' || relation || ' is missing' AS finding
  FROM expected WHERE NOT EXISTS (SELECT FROM present p WHERE p.relation = expected.relation AND p.name = expected.name)
UNION ALL
SELECT 'policy ' || name || ' on ' || relation || ' was not expected'
  FROM present WHERE NOT EXISTS (SELECT FROM expected e WHERE e.relation = present.relation AND e.name = present.name)
UNION ALL
SELECT 'policy ' || name || ' on ' || relation || ' binds ' || array_to_string(roles, ', ') || ' in ' || cmd
       || ', expected public in ALL'
  FROM present WHERE permissive <> 'PERMISSIVE' OR roles <> '{public}' OR cmd <> 'ALL'
UNION ALL
SELECT 'policy ' || name || ' on ' || relation || ' does not ask for app.current_user_id alone'
  FROM present
 WHERE strpos(qual, 'user_id = ( SELECT (NULLIF(current_setting(''app.current_user_id''::text, true)') = 0
    OR qual ~* '\mor\M'
    OR with_check IS DISTINCT FROM qual
UNION ALL
SELECT 'row-level security of ' || relation || ' is ' || CASE WHEN relrowsecurity THEN 'not forced' ELSE 'off' END
  FROM expected JOIN pg_catalog.pg_class c ON c.oid = to_regclass('public.' || relation)
 WHERE NOT (relrowsecurity AND relforcerowsecurity)
