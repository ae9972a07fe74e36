-- check: Foreign keys
-- expect: empty
-- severity: error
-- description: Every foreign key is there with what it does on deletion: r refuses, c cascades, n empties (KYB-1)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH expected (relation, name, target, on_delete) AS (VALUES
    ('businesses', 'owner_id', 'users', 'r'),
    ('business_classifications', 'business_id', 'businesses', 'c'),
    ('business_classifications', 'classified_by', 'users', 'r'),
    ('risk_assessments', 'business_id', 'businesses', 'r'),
    ('risk_assessments', 'assessed_by', 'users', 'r'),
    ('compliance_checks', 'business_id', 'businesses', 'r'),
    ('compliance_checks', 'requested_by', 'users', 'r'),
    ('compliance_checks', 'reviewed_by', 'users', 'r'),
    ('api_keys', 'user_id', 'users', 'c'),
    ('email_verification_tokens', 'user_id', 'users', 'c'),
    ('password_reset_tokens', 'user_id', 'users', 'c'),
    ('token_blacklist', 'user_id', 'users', 'c'),
    ('role_assignments', 'user_id', 'users', 'r'),
    ('role_assignments', 'assigned_by', 'users', 'r'),
    ('role_assignments', 'revoked_by', 'users', 'r'),
    ('webhooks', 'user_id', 'users', 'c'),
    ('webhook_events', 'webhook_id', 'webhooks', 'c'),
    ('external_service_calls', 'user_id', 'users', 'r'),
    ('external_service_calls', 'business_id', 'businesses', 'n'),
    ('audit_logs', 'user_id', 'users', 'r')
), present AS (
    SELECT c.relname::text AS relation, a.attname::text AS name, t.relname::text AS target,
           f.confdeltype::text AS on_delete
      FROM pg_catalog.pg_constraint f
      JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
      JOIN pg_catalog.pg_class t ON t.oid = f.confrelid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
     WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND cardinality(f.conkey) = 1 AND f.convalidated
)
SELECT 'foreign key of ' || relation || ' (' || name || ') to ' || target || ' on delete ' || on_delete || ' is missing'
       AS finding
  FROM (SELECT * FROM expected EXCEPT SELECT * FROM present) AS missing
