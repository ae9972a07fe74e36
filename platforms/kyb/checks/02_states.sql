-- check: States and what they may be
-- expect: empty
-- severity: error
-- description: Every column of states allows just the states that programs know (KYB-1, KYB-10)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH expected (relation, name, states) AS (VALUES
    ('users', 'users_status_known', 'active, closed, pending, suspended'),
    ('businesses', 'businesses_status_known', 'active, archived, suspended'),
    ('businesses', 'businesses_risk_level_known', 'critical, high, low, medium'),
    ('businesses', 'businesses_compliance_known', 'compliant, non_compliant, pending, unknown'),
    ('business_classifications', 'business_classifications_method_known', 'keywords, manual, model, registry'),
    ('risk_assessments', 'risk_assessments_method_known', 'manual, model, rules'),
    ('compliance_checks', 'compliance_checks_type_known',
     'adverse_media, beneficial_ownership, licence, registration, sanctions, tax'),
    ('compliance_checks', 'compliance_checks_status_known',
     'expired, failed, in_progress, needs_review, passed, pending'),
    ('token_blacklist', 'token_blacklist_reason_known',
     'password_changed, role_changed, signed_out, stolen, suspended'),
    ('role_assignments', 'role_assignments_role_known', 'admin, analyst, user'),
    ('webhook_events', 'webhook_events_status_known', 'delivered, delivering, exhausted, pending, retrying'),
    ('external_service_calls', 'external_service_calls_outcome_known',
     'failed, refused, started, succeeded, timed_out'),
    ('audit_logs', 'audit_logs_actor_kind_known', 'anonymous, api_key, service, user')
), present AS (
    SELECT c.relname AS relation, k.conname AS name, k.convalidated,
           (SELECT string_agg(m[1], ', ' ORDER BY m[1] COLLATE "C")
              FROM regexp_matches(pg_get_constraintdef(k.oid), '''([a-z_]+)''', 'g') AS m) AS states
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
     WHERE k.contype = 'c' AND k.connamespace = 'public'::regnamespace
)
SELECT 'states of ' || expected.relation || ' (' || expected.name || '): expected ' || expected.states || ', found '
       || coalesce(present.states || CASE WHEN convalidated THEN '' ELSE ', never validated' END, 'no constraint')
       AS finding
  FROM expected LEFT JOIN present USING (relation, name)
 WHERE present.states IS DISTINCT FROM expected.states OR NOT present.convalidated
