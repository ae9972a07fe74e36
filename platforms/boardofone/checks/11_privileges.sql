-- check: Privileges
-- expect: empty
-- severity: error
-- description: Personas are only read; what was said, voted or logged is only added to; accounts are closed (BO1-4)
-- remedy: caisson migrate down, then caisson migrate: the rights are those of the last revision
WITH relation (name) AS (VALUES
    ('users'), ('personas'), ('sessions'), ('contributions'), ('votes'), ('audit_log'), ('alembic_version')
), right_to (privilege) AS (VALUES
    ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')
), prefix (name) AS (  -- Roles are named as the database's owner is: boardofone_owner, boardofone_app.
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), role (id, name, suffix) AS (  -- No id: it is missing.
    SELECT r.oid, prefix.name || '_' || suffix, suffix
      FROM prefix CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor'), ('advisor')) AS s (suffix)
      LEFT JOIN pg_catalog.pg_roles r ON r.rolname = prefix.name || '_' || suffix
), wanted (role, name, relation, privilege, allowed) AS (
    SELECT role.id, role.name, relation.name, privilege,
           CASE WHEN role.suffix <> 'app' THEN privilege = 'SELECT'
                WHEN relation.name = 'users' THEN false
                WHEN relation.name IN ('personas', 'alembic_version') THEN privilege = 'SELECT'
                WHEN relation.name = 'sessions' THEN privilege <> 'TRUNCATE'
                ELSE privilege IN ('SELECT', 'INSERT')
           END
      FROM role CROSS JOIN relation CROSS JOIN right_to
    UNION ALL
    SELECT 0, 'PUBLIC', relation.name, privilege, false FROM relation CROSS JOIN right_to
), found AS (
    SELECT wanted.*,
           has_table_privilege(role, to_regclass('public.' || relation)::oid, privilege)
           OR CASE WHEN privilege IN ('SELECT', 'INSERT', 'UPDATE')  -- A right to one column is a right.
                   THEN has_any_column_privilege(role, to_regclass('public.' || relation)::oid, privilege)
                   ELSE false END AS present
      FROM wanted
)
SELECT name || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation AS finding
  FROM found WHERE present <> allowed
UNION ALL
SELECT role.name || ' may say when an entry of the audit log was made'
  FROM role
 WHERE suffix = 'app' AND has_column_privilege(id, to_regclass('public.audit_log')::oid, 'timestamp', 'INSERT')
UNION ALL
SELECT role.name || ' may ask what other users see: visible_to(uuid)'
  FROM role WHERE has_function_privilege(id, to_regprocedure('public.visible_to(uuid)')::oid, 'EXECUTE')
UNION ALL
SELECT 'role ' || role.name || ' is missing' FROM role CROSS JOIN prefix  -- Under plain psql there are none at all.
 WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = prefix.name || '_migrator')
   AND role.id IS NULL
UNION ALL
SELECT 'PUBLIC may create objects in schema public' WHERE has_schema_privilege('public', 'public', 'CREATE')
