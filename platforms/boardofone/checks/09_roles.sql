-- check: Who passes the policies
-- expect: empty
-- severity: error
-- description: The service role for administrators and the backup role, and nobody else who works here (BO1-3)
-- remedy: caisson provision
WITH prefix (name) AS (  -- Roles are named as the database's owner is: boardofone_owner, boardofone_app.
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
)
SELECT rolname || CASE WHEN rolsuper OR rolbypassrls THEN ' passes' ELSE ' does not pass' END || ' row-level security'
       AS finding
  FROM pg_catalog.pg_roles JOIN prefix ON starts_with(rolname, prefix.name || '_')
 WHERE (rolsuper OR rolbypassrls) <> (rolname IN (prefix.name || '_service', prefix.name || '_backup'))
UNION ALL
SELECT m.member::regrole || ' may become ' || m.roleid::regrole || ', which passes row-level security'
  FROM pg_catalog.pg_auth_members m
  JOIN pg_catalog.pg_roles r ON r.oid = m.roleid AND (r.rolsuper OR r.rolbypassrls)
  JOIN pg_catalog.pg_roles b ON b.oid = m.member AND NOT b.rolsuper
  JOIN prefix ON starts_with(b.rolname, prefix.name || '_')
