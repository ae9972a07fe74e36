-- check: Main: root schema is left alone
-- database: main
-- feature: legacy
-- expect: empty
-- severity: error
-- description: The adopted tables are there; nothing of ours refers to them, and our roles do not read them (GRC-8)
-- remedy: caisson migrate up applies infra/003; a foreign key into an adopted table has to go
WITH legacy (name) AS (VALUES
    ('public.users'), ('public.frameworks'), ('public.assessments'), ('public.activity_logs')
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_local_db_owner, shahin_local_db_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.organisations')
)
SELECT 'table ' || name || ' is missing' AS finding FROM legacy WHERE to_regclass(name) IS NULL
UNION ALL
SELECT f.conrelid::regclass || ' refers to ' || legacy.name
  FROM legacy JOIN pg_catalog.pg_constraint f ON f.contype = 'f' AND f.confrelid = to_regclass(legacy.name)
 WHERE f.conrelid NOT IN (SELECT to_regclass(name) FROM legacy WHERE to_regclass(name) IS NOT NULL)
UNION ALL
SELECT role.rolname || ' may ' || lower(p.privilege) || ' on ' || legacy.name
  FROM prefix
 CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor'), ('advisor')) AS s (suffix)
  JOIN pg_catalog.pg_roles role ON role.rolname = prefix.name || '_' || s.suffix
 CROSS JOIN legacy
 CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
 WHERE to_regclass(legacy.name) IS NOT NULL
   AND has_table_privilege(role.rolname, to_regclass(legacy.name)::oid, p.privilege)
