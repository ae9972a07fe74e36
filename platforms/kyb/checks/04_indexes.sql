-- check: Indexes
-- expect: empty
-- severity: error
-- description: The indexes of 003 are there and valid, every foreign key has one, each says what for (KYB-1, KYB-9)
-- remedy: caisson migrate up; REINDEX INDEX CONCURRENTLY mends one that is invalid
WITH expected (name) AS (VALUES
    ('businesses_owner_created_idx'), ('businesses_created_idx'), ('businesses_registration_idx'),
    ('businesses_high_risk_idx'), ('businesses_compliance_idx'), ('businesses_assess_next_idx'),
    ('businesses_portfolio_idx'), ('businesses_search_name_idx'), ('business_classifications_code_idx'),
    ('business_classifications_unsure_idx'), ('risk_assessments_assessed_at_idx'), ('risk_assessments_critical_idx'),
    ('compliance_checks_open_idx'), ('compliance_checks_failed_idx'), ('compliance_checks_expires_at_idx'),
    ('api_keys_expires_at_idx'), ('email_verification_tokens_expires_at_idx'),
    ('password_reset_tokens_expires_at_idx'), ('token_blacklist_expires_at_idx'),
    ('role_assignments_expires_at_idx'), ('webhook_events_due_idx'), ('webhook_events_lease_idx'),
    ('webhook_events_history_idx'), ('webhook_events_exhausted_idx'), ('external_service_calls_service_idx'),
    ('external_service_calls_trouble_idx'), ('external_service_calls_request_idx'), ('audit_logs_resource_idx'),
    ('audit_logs_business_idx'), ('audit_logs_action_idx'), ('audit_logs_request_idx'), ('audit_logs_occurred_at_idx')
), present AS (
    SELECT i.relname AS name, x.indexrelid, x.indrelid, x.indkey, k.oid AS of_constraint,
           x.indisvalid AND x.indisready AND x.indislive AS usable,
           coalesce(obj_description(x.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint')) AS purpose
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
      LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')
     WHERE i.relnamespace = 'public'::regnamespace AND NOT x.indisprimary
)
SELECT 'index ' || name || ' is missing' AS finding FROM expected WHERE name NOT IN (SELECT name FROM present)
UNION ALL
SELECT 'index ' || name || ' is invalid' FROM present WHERE NOT usable
UNION ALL
SELECT 'index ' || name || ' does not say which query it serves' FROM present WHERE purpose IS NULL
UNION ALL
SELECT 'foreign key ' || f.conname || ' has no index that begins with its column'
  FROM pg_catalog.pg_constraint f
 WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM present WHERE present.indrelid = f.conrelid AND present.indkey[0] = f.conkey[1])
