-- check: Auth: privileges
-- database: auth
-- expect: empty
-- severity: error
-- description: The application reads, and changes a name and a language; credentials are the service role's alone
-- remedy: caisson provision; REVOKE what was granted by hand
WITH relation (name) AS (VALUES
    ('roles'), ('permissions'), ('role_permissions'), ('users'), ('user_credentials'), ('memberships'),
    ('sign_in_events')
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_access_control_owner, …_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.users')
), account (name) AS (
    SELECT role.rolname
      FROM prefix CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor'), ('advisor')) AS s (suffix)
      JOIN pg_catalog.pg_roles role ON role.rolname = prefix.name || '_' || s.suffix
    UNION ALL VALUES ('public'::name)
), compared AS (
    SELECT account.name AS role, relation.name AS relation, p.privilege,
           p.privilege = 'SELECT' AND relation.name <> 'user_credentials' AND account.name <> 'public' AS allowed
      FROM account CROSS JOIN relation
     CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
)
SELECT role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation AS finding
  FROM compared
 WHERE to_regclass('public.' || relation) IS NOT NULL
   AND has_table_privilege(role, to_regclass('public.' || relation)::oid, privilege) <> allowed
UNION ALL
SELECT account.name || ' may update users.' || a.attname
  FROM account JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass('public.users') AND a.attnum > 0
 WHERE a.attname NOT IN ('full_name', 'locale') AND NOT a.attisdropped
   AND has_column_privilege(account.name, a.attrelid, a.attnum, 'UPDATE')
