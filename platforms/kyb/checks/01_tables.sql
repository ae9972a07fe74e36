-- check: Fourteen tables
-- expect: empty
-- severity: error
-- description: public holds the fourteen tables and the three views, and nothing else (KYB-1)
-- remedy: caisson migrate up; what is not ours belongs in a schema of its own
WITH expected (name, kind) AS (VALUES
    ('users', 'r'), ('businesses', 'r'), ('business_classifications', 'r'), ('risk_assessments', 'r'),
    ('compliance_checks', 'r'), ('api_keys', 'r'), ('audit_logs', 'r'), ('external_service_calls', 'r'),
    ('email_verification_tokens', 'r'), ('password_reset_tokens', 'r'), ('token_blacklist', 'r'),
    ('role_assignments', 'r'), ('webhooks', 'r'), ('webhook_events', 'r'),
    ('user_directory', 'v'), ('portfolio_summary', 'v'), ('migrations', 'v')
), present AS (
    SELECT c.relname AS name, c.relkind::text AS kind
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d  -- An extension's own views are its affair.
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT CASE kind WHEN 'r' THEN 'table ' ELSE 'view ' END || name || ' is missing' AS finding
  FROM (SELECT * FROM expected EXCEPT SELECT * FROM present) AS missing
UNION ALL
SELECT name || ' was not expected in public' FROM (SELECT * FROM present EXCEPT SELECT * FROM expected) AS surplus
