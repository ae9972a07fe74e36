-- check: Seven tables
-- expect: empty
-- severity: error
-- description: public holds the seven tables, and those of the blockchain feature together or not at all (LUM-1, LUM-5)
-- remedy: caisson migrate up; a table that is not ours belongs in a schema of its own
WITH expected (name) AS (VALUES
    ('users'), ('kyc_checks'), ('aml_checks'), ('compliance_checks'), ('compliance_rules'), ('decision_vectors'),
    ('audit_logs')
), feature (name) AS (VALUES
    ('blockchain_monitoring'), ('blockchain_transactions')
), present AS (
    SELECT c.relname AS name
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d  -- An extension's own table is its affair.
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT 'table ' || name || ' is missing' AS finding FROM expected WHERE name NOT IN (SELECT name FROM present)
UNION ALL
SELECT 'table ' || name || ' is missing beside the other one of its feature' FROM feature
 WHERE name NOT IN (SELECT name FROM present) AND EXISTS (SELECT FROM feature JOIN present USING (name))
UNION ALL
SELECT 'table ' || name || ' was not expected in public' FROM present
 WHERE name NOT IN (SELECT name FROM expected UNION ALL SELECT name FROM feature)
UNION ALL
SELECT 'table sanctions.wallets is missing' WHERE to_regclass('sanctions.wallets') IS NULL
