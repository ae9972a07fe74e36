-- check: Finance: privileges
-- database: finance
-- expect: empty
-- severity: error
-- description: Costs are only added to, penalties and memberships only read
-- remedy: caisson provision; REVOKE what was granted by hand
WITH relation (name, app) AS (VALUES
    ('organisation_members', 'SELECT'), ('penalty_limits', 'SELECT'), ('budgets', 'SELECT INSERT UPDATE'),
    ('budget_lines', 'SELECT INSERT UPDATE DELETE'), ('remediation_costs', 'SELECT INSERT')
), prefix (name) AS (  -- Roles are named as the tables' owner is: grc_master_owner, grc_master_app.
    SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_catalog.pg_class
     WHERE oid = to_regclass('public.budgets')
), wanted (role, relation, rights) AS (
    SELECT role.rolname, relation.name, CASE s.suffix WHEN 'app' THEN relation.app ELSE 'SELECT' END
      FROM prefix
     CROSS JOIN (VALUES ('app'), ('readonly'), ('auditor')) AS s (suffix)
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
