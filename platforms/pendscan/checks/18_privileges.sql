-- check: Privileges
-- expect: empty
-- severity: error
-- description: PUBLIC may nothing, each role what it needs and no more; what is evidence is only added to (PND-9)
-- remedy: caisson provision; REVOKE what was granted by hand
WITH relation (name, class) AS (VALUES
    ('users', 'personal'), ('wallets', 'personal'), ('investments', 'personal'), ('kyc_applications', 'personal'),
    ('kyc_documents', 'personal'), ('user_events', 'event'), ('network_metrics', 'event'), ('assets', 'catalogue'),
    ('asset_categories', 'catalogue'), ('asset_metrics', 'catalogue'), ('chain_index', 'chain'), ('blocks', 'chain'),
    ('transactions', 'chain'), ('admin_users', 'staff'), ('admin_actions', 'actions'), ('audit_trail', 'trail'),
    ('real_time_stats', 'statistics'), ('network_statistics', 'statistics'), ('asset_statistics', 'statistics'),
    ('wallet_directory', 'statistics')
), right_to (privilege) AS (VALUES
    ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')
), prefix (name) AS (  -- Roles are named as the database's owner is: pendscan_db_owner, pendscan_db_app.
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), role (name, suffix) AS (
    SELECT prefix.name || '_' || suffix, suffix
      FROM prefix CROSS JOIN (VALUES ('app'), ('panel'), ('pii'), ('readonly'), ('auditor'), ('advisor')) AS s (suffix)
), wanted (role, relation, privilege, allowed) AS (
    SELECT role.name, relation.name, privilege,
           CASE role.suffix
               WHEN 'app' THEN privilege = 'SELECT' AND class NOT IN ('staff', 'actions', 'trail')
                            OR privilege = 'INSERT' AND class IN ('personal', 'event')
               WHEN 'panel' THEN privilege = 'SELECT'
                              OR privilege IN ('INSERT', 'UPDATE') AND class IN ('personal', 'catalogue', 'staff')
                              OR privilege = 'DELETE' AND class = 'catalogue'
                              OR privilege = 'INSERT' AND class = 'actions'
               WHEN 'pii' THEN false
               WHEN 'auditor' THEN privilege = 'SELECT'
               ELSE privilege = 'SELECT' AND class NOT IN ('staff', 'actions', 'trail')
           END
      FROM role CROSS JOIN relation CROSS JOIN right_to
     WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role.name)
    UNION ALL
    SELECT 'public', relation.name, privilege, false FROM relation CROSS JOIN right_to
)
SELECT wanted.role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation
       AS finding
  FROM wanted
 WHERE to_regclass('public.' || relation) IS NOT NULL
   AND (privilege = 'SELECT' OR relation NOT LIKE '%stat%' AND relation <> 'wallet_directory')  -- Nobody can write those.
   AND has_table_privilege(wanted.role::name, to_regclass('public.' || relation)::oid, privilege) <> allowed
UNION ALL
SELECT 'role ' || role.name || ' is missing' FROM role CROSS JOIN prefix  -- Under plain psql there are none at all.
 WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = prefix.name || '_migrator')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role.name)
UNION ALL
SELECT 'PUBLIC may ' || CASE WHEN has_schema_privilege('public', oid, 'CREATE') THEN 'create objects in' ELSE 'use' END
       || ' schema ' || nspname
  FROM pg_catalog.pg_namespace
 WHERE nspname IN ('public', 'pii', 'partitions') AND has_schema_privilege('public', oid, 'CREATE')
    OR nspname IN ('pii', 'partitions') AND has_schema_privilege('public', oid, 'USAGE')
