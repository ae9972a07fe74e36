-- check: Compliance: privileges
-- database: compliance
-- expect: empty
-- severity: error
-- description: The catalogue is only read, evidence only added to, the assistant sees the catalogue and nothing else
-- remedy: caisson provision; REVOKE what was granted by hand
WITH relation (name, app, assistant) AS (VALUES
    ('authorities', 'SELECT', 'SELECT'), ('frameworks', 'SELECT', 'SELECT'), ('framework_domains', 'SELECT', 'SELECT'),
    ('controls', 'SELECT', 'SELECT'), ('control_mappings', 'SELECT', 'SELECT'), ('organisation_members', 'SELECT', ''),
    ('assessments', 'SELECT INSERT UPDATE', ''), ('assessment_results', 'SELECT INSERT UPDATE', ''),
    ('evidence', 'SELECT INSERT', ''), ('remediation_actions', 'SELECT INSERT UPDATE', '')
), prefix (name) AS (  -- Roles are named as the tables' owner is: shahin_ksa_compliance_owner, …_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.assessments')
), wanted (role, relation, rights) AS (
    SELECT role.rolname, relation.name,
           CASE s.suffix WHEN 'app' THEN relation.app WHEN 'assistant' THEN relation.assistant ELSE 'SELECT' END
      FROM prefix
     CROSS JOIN (VALUES ('app'), ('assistant'), ('readonly'), ('auditor')) AS s (suffix)
      JOIN pg_catalog.pg_roles role ON role.rolname = prefix.name || '_' || s.suffix
     CROSS JOIN relation
    UNION ALL
    SELECT 'public', relation.name, '' FROM relation
), compared AS (
    SELECT role, relation, p.privilege, p.privilege = ANY (string_to_array(rights, ' ')) AS allowed
      FROM wanted CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
)
SELECT role || CASE WHEN allowed THEN ' may not ' ELSE ' may ' END || lower(privilege) || ' on ' || relation AS finding
  FROM compared
 WHERE to_regclass('public.' || relation) IS NOT NULL
   AND has_table_privilege(role::name, to_regclass('public.' || relation)::oid, privilege) <> allowed
