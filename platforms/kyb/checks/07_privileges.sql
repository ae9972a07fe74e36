-- check: Privileges
-- expect: empty
-- severity: error
-- description: The application may what it needs and no more, who only reads sees no password, PUBLIC may nothing
-- remedy: caisson provision; what was granted by hand has to be revoked
WITH prefix (name) AS (  -- Roles are named as the database's owner is: kyb_db_owner, kyb_db_app.
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), role (name, suffix) AS (
    SELECT prefix.name || '_' || suffix, suffix
      FROM prefix CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor'), ('advisor'), ('reporting')) AS s (suffix)
), present AS (
    SELECT role.name, role.suffix FROM role JOIN pg_catalog.pg_roles r ON r.rolname = role.name
), relation (name) AS (
    SELECT c.relname FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
), wanted (role, relation, privilege, allowed) AS (
    SELECT present.name, relation.name, right_to.privilege,
           CASE present.suffix
               WHEN 'reporting' THEN false
               WHEN 'app' THEN CASE right_to.privilege
                   WHEN 'SELECT' THEN true
                   WHEN 'INSERT' THEN true
                   -- Of some tables the application updates named columns only; see below.
                   WHEN 'UPDATE' THEN relation.name NOT IN ('users', 'businesses', 'api_keys', 'webhook_events',
                                                            'external_service_calls', 'risk_assessments', 'audit_logs',
                                                            'role_assignments')
                   WHEN 'DELETE' THEN relation.name NOT IN ('users', 'compliance_checks', 'api_keys',
                                                            'external_service_calls', 'risk_assessments', 'audit_logs',
                                                            'role_assignments')
                   ELSE false END
               ELSE right_to.privilege = 'SELECT' AND relation.name <> 'users'
           END
      FROM present CROSS JOIN relation
     CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS right_to (privilege)
    UNION ALL
    SELECT 'public', relation.name, right_to.privilege, false
      FROM relation CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS right_to (privilege)
    UNION ALL
    SELECT present.name, view.name, right_to.privilege,
           right_to.privilege = 'SELECT'
           AND CASE view.name WHEN 'portfolio_summary' THEN present.suffix IN ('auditor', 'reporting')
                              ELSE present.suffix <> 'reporting' END
      FROM present CROSS JOIN (VALUES ('user_directory'), ('portfolio_summary'), ('migrations')) AS view (name)
     CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS right_to (privilege)
), columns (relation, name, suffix, privilege, allowed) AS (VALUES
    ('businesses', 'risk_level', 'app', 'UPDATE', false), ('businesses', 'risk_score', 'app', 'UPDATE', false),
    ('businesses', 'compliance_status', 'app', 'UPDATE', false), ('businesses', 'owner_id', 'app', 'UPDATE', false),
    ('businesses', 'legal_name', 'app', 'UPDATE', true), ('users', 'status', 'app', 'UPDATE', false),
    ('users', 'email', 'app', 'UPDATE', false), ('users', 'full_name', 'app', 'UPDATE', true),
    ('api_keys', 'permissions', 'app', 'UPDATE', false), ('api_keys', 'revoked_at', 'app', 'UPDATE', true),
    ('role_assignments', 'role', 'app', 'UPDATE', false), ('role_assignments', 'revoked_at', 'app', 'UPDATE', true),
    ('external_service_calls', 'business_id', 'app', 'UPDATE', false),
    ('external_service_calls', 'outcome', 'app', 'UPDATE', true),
    ('users', 'password_hash', 'readonly', 'SELECT', false), ('users', 'email', 'readonly', 'SELECT', true),
    ('users', 'password_hash', 'auditor', 'SELECT', false), ('users', 'email', 'auditor', 'SELECT', true),
    ('users', 'password_hash', 'advisor', 'SELECT', false)
)
SELECT wanted.role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation
       AS finding
  FROM wanted
 WHERE to_regclass('public.' || relation) IS NOT NULL
   AND has_table_privilege(wanted.role::name, to_regclass('public.' || relation)::oid, privilege) <> allowed
UNION ALL
SELECT present.name || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' column '
       || columns.name || ' of ' || columns.relation
  FROM columns JOIN present USING (suffix)
 WHERE has_column_privilege(present.name::name, to_regclass('public.' || columns.relation)::oid, columns.name,
                            columns.privilege) <> allowed
UNION ALL
SELECT present.name || ' may sign people in: ' || p.oid::regprocedure
  FROM present JOIN pg_catalog.pg_proc p ON p.pronamespace = 'public'::regnamespace
   AND p.proname IN ('find_credentials', 'use_api_key', 'confirm_email', 'reset_password')
 WHERE present.suffix <> 'app' AND has_function_privilege(present.name::name, p.oid, 'EXECUTE')
