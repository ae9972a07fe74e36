-- check: Auth: isolation of accounts
-- database: auth
-- expect: empty
-- severity: error
-- description: Accounts, memberships, credentials and sign-ins have row-level security that asks app.current_user_id
-- remedy: caisson migrate up
WITH guarded (name, is_forced) AS (VALUES  -- memberships answers to its owner: the policy asks a function of the owner's.
    ('users', true), ('user_credentials', true), ('sign_in_events', true), ('memberships', false)
)
SELECT g.name || ' has no row-level security' || CASE WHEN g.is_forced THEN ', forced on its owner' ELSE '' END AS finding
  FROM guarded g LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass('public.' || g.name)
 WHERE NOT coalesce(c.relrowsecurity AND c.relforcerowsecurity = g.is_forced, false)
UNION ALL
SELECT 'policy ' || p.polname || ' of ' || g.name || ' does not ask who acts'
  FROM guarded g JOIN pg_catalog.pg_policy p ON p.polrelid = to_regclass('public.' || g.name)
 WHERE pg_get_expr(p.polqual, p.polrelid) !~ 'my_organisations|app\.current_user_id|memberships' OR p.polqual IS NULL
UNION ALL
SELECT 'user_credentials has a policy: nobody but the service role reads it'
 WHERE EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = to_regclass('public.user_credentials'))
UNION ALL
SELECT 'role ' || rolname || ' passes every policy' FROM pg_catalog.pg_roles
 WHERE rolbypassrls AND NOT rolsuper AND rolname LIKE 'shahin\_access\_control\_%'
   AND rolname NOT IN ('shahin_access_control_service', 'shahin_access_control_backup')
