-- check: Constraints are valid
-- expect: empty
-- severity: error
-- description: Every key and check constraint is there, validated and enforced, and so is every foreign key (LUM-6)
-- remedy: caisson migrate up; ALTER TABLE … VALIDATE CONSTRAINT, or ENABLE TRIGGER ALL for one that was switched off
WITH expected (relation, names) AS (VALUES
    ('public.users',
     'users_pkey, users_email_form, users_full_name_given, users_role_known, users_jurisdiction_known'),
    ('public.kyc_checks',
     'kyc_checks_identity, kyc_checks_pkey, kyc_checks_entity_id_given, kyc_checks_entity_type_known, '
     'kyc_checks_jurisdiction_known, kyc_checks_score_range, kyc_checks_approval_has_score, '
     'kyc_checks_decision_dated, kyc_checks_decided_after_request, kyc_checks_expires_after_decision'),
    ('public.aml_checks',
     'aml_checks_identity, aml_checks_pkey, aml_checks_jurisdiction_known, aml_checks_risk_score_range, '
     'aml_checks_approval_has_score, aml_checks_sanctioned_never_approved, aml_checks_decision_dated, '
     'aml_checks_decided_after_request, aml_checks_wallets_given, aml_checks_findings_object'),
    ('public.compliance_rules',
     'compliance_rules_pkey, compliance_rules_code_form, compliance_rules_code_jurisdiction, '
     'compliance_rules_jurisdiction_known, compliance_rules_category_known, '
     'compliance_rules_severity_known, compliance_rules_parameters_object'),
    ('public.compliance_checks',
     'compliance_checks_pkey, compliance_checks_jurisdiction_known, compliance_checks_risk_score_range, '
     'compliance_checks_decision_dated, compliance_checks_decision_signed'),
    ('public.decision_vectors',
     'decision_vectors_once_per_model, decision_vectors_pkey, decision_vectors_model_given'),
    ('public.audit_logs',
     'audit_logs_pkey, audit_logs_actor_kind_known, audit_logs_user_named, audit_logs_action_form, '
     'audit_logs_jurisdiction_known, audit_logs_details_object'),
    ('sanctions.wallets', 'wallets_pkey, wallets_address_form, wallets_source_given')
), wanted AS (
    SELECT relation, name FROM expected CROSS JOIN LATERAL unnest(string_to_array(names, ', ')) AS name
), present AS (
    SELECT k.oid, n.nspname || '.' || c.relname AS relation, k.conname AS name, k.convalidated AS validated,
           -- PostgreSQL 18 knows constraints that are not enforced; before it the column is not there.
           coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'sanctions')
)
SELECT 'constraint ' || name || ' of ' || relation || ' is missing' AS finding
  FROM wanted
 WHERE NOT EXISTS (SELECT FROM present WHERE present.relation = wanted.relation AND present.name = wanted.name)
UNION ALL
SELECT 'constraint ' || name || ' of ' || relation
       || CASE WHEN enforced THEN ' was never validated' ELSE ' is not enforced' END
  FROM present WHERE NOT (validated AND enforced)
UNION ALL
SELECT DISTINCT 'constraint ' || present.name || ' of ' || present.relation || ' is switched off: trigger ' || t.tgname
  FROM present JOIN pg_catalog.pg_trigger t ON t.tgconstraint = present.oid
 WHERE t.tgisinternal AND t.tgenabled NOT IN ('O', 'A')
