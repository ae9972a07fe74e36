-- check: Privileges
-- expect: empty
-- severity: error
-- description: PUBLIC may nothing, each role what it needs and no more: the audit trail is only added to (LUM-4, LUM-6)
-- remedy: caisson provision; REVOKE what was granted by hand
WITH relation (name) AS (VALUES
    ('public.users'), ('public.kyc_checks'), ('public.aml_checks'), ('public.compliance_checks'),
    ('public.compliance_rules'), ('public.decision_vectors'), ('public.audit_logs'), ('sanctions.wallets')
), right_to (privilege) AS (VALUES
    ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')
), prefix (name) AS (  -- Roles are named as the database's owner is: compliance_db_owner, compliance_db_app.
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), role (name, suffix) AS (
    SELECT prefix.name || '_' || suffix, suffix
      FROM prefix CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor'), ('agents')) AS s (suffix)
), wanted (role, relation, privilege, allowed) AS (
    SELECT role.name, relation.name, privilege,
           CASE role.suffix
               WHEN 'app' THEN privilege = 'SELECT'
                            OR privilege = 'INSERT' AND relation.name <> 'sanctions.wallets'
                            OR privilege IN ('UPDATE', 'DELETE')
                               AND relation.name NOT IN ('public.audit_logs', 'sanctions.wallets')
               WHEN 'agents' THEN privilege = 'SELECT' AND relation.name = 'public.compliance_rules'
               ELSE privilege = 'SELECT'
           END
      FROM role CROSS JOIN relation CROSS JOIN right_to
     WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role.name)
    UNION ALL
    SELECT 'public', relation.name, privilege, false FROM relation CROSS JOIN right_to
)
SELECT wanted.role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation
       AS finding
  FROM wanted
 WHERE to_regclass(relation) IS NOT NULL
   AND has_table_privilege(wanted.role::name, to_regclass(relation)::oid, privilege) <> allowed
UNION ALL
SELECT relation.name || ' is missing' FROM relation WHERE to_regclass(relation.name) IS NULL
UNION ALL
SELECT 'role ' || role.name || ' is missing' FROM role CROSS JOIN prefix  -- Under plain psql there are none at all.
 WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = prefix.name || '_migrator')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role.name)
UNION ALL
SELECT 'PUBLIC may create objects in schema ' || nspname FROM pg_catalog.pg_namespace
 WHERE nspname IN ('public', 'sanctions') AND has_schema_privilege('public', oid, 'CREATE')
