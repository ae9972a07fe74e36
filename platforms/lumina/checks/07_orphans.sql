-- check: No orphans
-- expect: empty
-- severity: error
-- description: Every reference leads somewhere, counted row by row whatever the constraints say (LUM-6)
-- remedy: find the rows with the query of this check, then restore what they refer to or remove them
WITH followed (reference, count) AS (
    SELECT 'kyc_checks.requested_by', count(*) FROM public.kyc_checks c
     WHERE c.requested_by IS NOT NULL AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = c.requested_by)
    UNION ALL
    SELECT 'kyc_checks.reviewed_by', count(*) FROM public.kyc_checks c
     WHERE c.reviewed_by IS NOT NULL AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = c.reviewed_by)
    UNION ALL
    SELECT 'aml_checks.kyc_check_id', count(*) FROM public.aml_checks c
     WHERE NOT EXISTS (SELECT FROM public.kyc_checks k
                        WHERE (k.id, k.entity_id, k.jurisdiction) = (c.kyc_check_id, c.entity_id, c.jurisdiction))
    UNION ALL
    SELECT 'aml_checks.reviewed_by', count(*) FROM public.aml_checks c
     WHERE c.reviewed_by IS NOT NULL AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = c.reviewed_by)
    UNION ALL
    SELECT 'compliance_checks.kyc_check_id', count(*) FROM public.compliance_checks c
     WHERE NOT EXISTS (SELECT FROM public.kyc_checks k
                        WHERE (k.id, k.entity_id, k.jurisdiction) = (c.kyc_check_id, c.entity_id, c.jurisdiction))
    UNION ALL
    SELECT 'compliance_checks.aml_check_id', count(*) FROM public.compliance_checks c
     WHERE NOT EXISTS (SELECT FROM public.aml_checks a
                        WHERE (a.id, a.entity_id, a.jurisdiction) = (c.aml_check_id, c.entity_id, c.jurisdiction))
    UNION ALL
    SELECT 'compliance_checks.deciding_rule', count(*) FROM public.compliance_checks c
     WHERE c.deciding_rule IS NOT NULL
       AND NOT EXISTS (SELECT FROM public.compliance_rules r WHERE r.code = c.deciding_rule)
    UNION ALL
    SELECT 'compliance_checks.decided_by', count(*) FROM public.compliance_checks c
     WHERE c.decided_by IS NOT NULL AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = c.decided_by)
    UNION ALL
    SELECT 'decision_vectors.compliance_check_id', count(*) FROM public.decision_vectors v
     WHERE NOT EXISTS (SELECT FROM public.compliance_checks c WHERE c.id = v.compliance_check_id)
    UNION ALL
    SELECT 'audit_logs.actor_id', count(*) FROM public.audit_logs l
     WHERE l.actor_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = l.actor_id)
)
SELECT reference || ': ' || count || ' rows refer to nothing' AS finding FROM followed WHERE count > 0
UNION ALL
SELECT 'there was no reference to follow: no KYC check, AML check or decision is there'
 WHERE coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT (EXISTS (SELECT FROM public.kyc_checks) AND EXISTS (SELECT FROM public.aml_checks)
            AND EXISTS (SELECT FROM public.compliance_checks))
