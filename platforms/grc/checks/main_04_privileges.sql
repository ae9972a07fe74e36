-- check: Main: privileges
-- database: main
-- expect: empty
-- severity: error
-- description: Each role may what it needs: memberships, history and trail are not the application's to write
-- remedy: REVOKE what was granted by hand; after migrate adopt the writes on _prisma_migrations, from …_app
WITH relation (name) AS (VALUES
    ('public.organisations'), ('public.organisation_members'), ('public.organisation_frameworks'), ('public.policies'),
    ('public.policy_controls'), ('public.risks'), ('public.risk_treatments'), ('trail.entries'),
    ('public._prisma_migrations')
), denied_to_app (name, privilege) AS (VALUES
    ('public.organisations', 'INSERT'), ('public.organisations', 'DELETE'),
    ('public.organisation_members', 'INSERT'), ('public.organisation_members', 'UPDATE'),
    ('public.organisation_members', 'DELETE'),
    ('public.policies', 'DELETE'), ('public.risks', 'DELETE'),
    ('trail.entries', 'INSERT'), ('trail.entries', 'UPDATE'), ('trail.entries', 'DELETE'),
    ('public._prisma_migrations', 'INSERT'), ('public._prisma_migrations', 'UPDATE'),
    ('public._prisma_migrations', 'DELETE')
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_local_db_owner, shahin_local_db_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.organisations')
), wanted (role, relation, privilege, allowed) AS (
    SELECT role.rolname, relation.name, p.privilege,
           CASE WHEN p.privilege = 'SELECT' THEN true
                WHEN p.privilege = 'TRUNCATE' OR s.suffix <> 'app' THEN false
                ELSE NOT EXISTS (SELECT FROM denied_to_app d
                                  WHERE d.name = relation.name AND d.privilege = p.privilege) END
      FROM prefix
     CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor')) AS s (suffix)
      JOIN pg_catalog.pg_roles role ON role.rolname = prefix.name || '_' || s.suffix
     CROSS JOIN relation
     CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
    UNION ALL
    SELECT 'public', relation.name, p.privilege, false
      FROM relation CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
)
SELECT role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation AS finding
  FROM wanted
 WHERE to_regclass(relation) IS NOT NULL
   AND has_table_privilege(role::name, to_regclass(relation)::oid, privilege) <> allowed
