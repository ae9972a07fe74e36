-- check: Indexes
-- expect: empty
-- severity: error
-- description: Every index is there, on its table and columns, and valid; every foreign key has one (LUM-2)
-- remedy: caisson migrate up; REINDEX INDEX CONCURRENTLY mends one that is invalid
WITH expected (relation, name, keys) AS (VALUES
    ('public.users', 'users_email_key', 'lower(email)'),
    ('public.users', 'users_role_jurisdiction_idx', 'role, jurisdiction'),
    ('public.kyc_checks', 'kyc_checks_entity_idx', 'entity_id, requested_at'),
    ('public.kyc_checks', 'kyc_checks_status_idx', 'status, requested_at'),
    ('public.kyc_checks', 'kyc_checks_jurisdiction_idx', 'jurisdiction, status'),
    ('public.kyc_checks', 'kyc_checks_score_idx', 'score'),
    ('public.kyc_checks', 'kyc_checks_expires_at_idx', 'expires_at'),
    ('public.kyc_checks', 'kyc_checks_requested_by_idx', 'requested_by'),
    ('public.kyc_checks', 'kyc_checks_reviewed_by_idx', 'reviewed_by'),
    ('public.aml_checks', 'aml_checks_entity_idx', 'entity_id, requested_at'),
    ('public.aml_checks', 'aml_checks_status_idx', 'status, requested_at'),
    ('public.aml_checks', 'aml_checks_jurisdiction_idx', 'jurisdiction, status'),
    ('public.aml_checks', 'aml_checks_risk_score_idx', 'risk_score'),
    ('public.aml_checks', 'aml_checks_sanctions_match_idx', 'entity_id'),
    ('public.aml_checks', 'aml_checks_kyc_check_idx', 'kyc_check_id'),
    ('public.aml_checks', 'aml_checks_reviewed_by_idx', 'reviewed_by'),
    ('public.compliance_rules', 'compliance_rules_jurisdiction_idx', 'jurisdiction, category'),
    ('public.compliance_checks', 'compliance_checks_entity_idx', 'entity_id, created_at'),
    ('public.compliance_checks', 'compliance_checks_status_idx', 'status, created_at'),
    ('public.compliance_checks', 'compliance_checks_jurisdiction_idx', 'jurisdiction, status'),
    ('public.compliance_checks', 'compliance_checks_risk_score_idx', 'risk_score'),
    ('public.compliance_checks', 'compliance_checks_kyc_check_idx', 'kyc_check_id'),
    ('public.compliance_checks', 'compliance_checks_aml_check_idx', 'aml_check_id'),
    ('public.compliance_checks', 'compliance_checks_deciding_rule_idx', 'deciding_rule'),
    ('public.compliance_checks', 'compliance_checks_decided_by_idx', 'decided_by'),
    ('public.audit_logs', 'audit_logs_entity_idx', 'entity_id, occurred_at'),
    ('public.audit_logs', 'audit_logs_object_idx', 'object_type, object_id'),
    ('public.audit_logs', 'audit_logs_actor_idx', 'actor_id, occurred_at'),
    ('public.audit_logs', 'audit_logs_action_idx', 'action, occurred_at'),
    ('public.audit_logs', 'audit_logs_occurred_at_idx', 'occurred_at'),
    ('sanctions.wallets', 'wallets_normal_address_idx', 'sanctions.normal_address(address)'),
    ('sanctions.wallets', 'wallets_listed_at_idx', 'listed_at')
), present AS (
    SELECT n.nspname || '.' || c.relname AS relation, i.relname AS name, x.indexrelid, x.indrelid, x.indkey,
           x.indisvalid AND x.indisready AND x.indislive AS usable,
           (SELECT string_agg(pg_get_indexdef(x.indexrelid, k, true), ', ' ORDER BY k)
              FROM generate_series(1, x.indnkeyatts) AS k) AS keys
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'sanctions')
)
SELECT 'index ' || expected.name || ' on ' || expected.relation || ' (' || expected.keys || '): found '
       || coalesce('(' || present.keys || ')' || CASE WHEN usable THEN '' ELSE ', invalid' END, 'nothing') AS finding
  FROM expected LEFT JOIN present USING (relation, name)
 WHERE present.keys IS DISTINCT FROM expected.keys OR NOT present.usable
UNION ALL
SELECT 'index ' || present.name || ' on ' || present.relation || ' is invalid'
  FROM present WHERE NOT usable AND NOT EXISTS (SELECT FROM expected WHERE expected.name = present.name)
UNION ALL
SELECT 'foreign key ' || f.conname || ' of ' || f.conrelid::regclass || ' has no index that begins with its column'
  FROM pg_catalog.pg_constraint f
 WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM present WHERE present.indrelid = f.conrelid AND present.indkey[0] = f.conkey[1])
