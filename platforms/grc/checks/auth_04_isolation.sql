-- check: Auth: isolation of accounts
-- database: auth
-- expect: empty
-- severity: error
-- description: Accounts, memberships, credentials and sign-ins have row-level security that asks app.current_user_id
-- remedy: caisson migrate up
WITH guarded (name, is_forced) AS (VALUES  -- The policy of memberships asks a function of its owner's.
    ('users', true), ('user_credentials', true), ('sign_in_events', true), ('memberships', false)
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_access_control_owner, …_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.users')
)
SELECT g.name || ' has no row-level security' || CASE WHEN g.is_forced THEN ', forced on its owner' ELSE '' END
       AS finding
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
SELECT 'role ' || r.rolname || ' passes every policy' FROM prefix
  JOIN pg_catalog.pg_roles r ON starts_with(r.rolname, prefix.name || '_')
 WHERE r.rolbypassrls AND NOT r.rolsuper AND r.rolname NOT IN (prefix.name || '_service', prefix.name || '_backup')
