-- check: Businesses of every risk and state
-- expect: empty
-- severity: error
-- description: The ten sample businesses stand where their assessments and checks put them (KYB-3)
-- remedy: caisson seed; what somebody changed on purpose needs its entry in audit_logs
WITH named (jurisdiction, registration_key, risk_level, compliance_status) AS (VALUES
    ('DE', 'HRB158423B', 'low', 'compliant'),
    ('GB', '09876541', 'low', 'compliant'),
    ('NL', '68750110', 'low', 'compliant'),
    ('US-DE', '6612345', 'medium', 'pending'),
    ('SG', '202112345K', 'medium', 'pending'),
    ('AE-DU', 'CN1234567', 'high', 'pending'),
    ('CW', '145999', 'high', 'non_compliant'),
    ('CY', 'HE412345', 'critical', 'pending'),
    ('VG', '1987654', 'critical', 'non_compliant'),
    ('DE', 'HRB201177', NULL, 'unknown')
)
SELECT named.jurisdiction || ' ' || named.registration_key || ': expected risk ' || coalesce(named.risk_level, 'none')
       || ' and ' || named.compliance_status || ', found '
       || coalesce('risk ' || coalesce(b.risk_level, 'none') || ' and ' || b.compliance_status, 'no such business')
       AS finding
  FROM named LEFT JOIN public.businesses b USING (jurisdiction, registration_key)
 WHERE (b.risk_level, b.compliance_status) IS DISTINCT FROM (named.risk_level, named.compliance_status)
   AND NOT EXISTS (SELECT FROM public.audit_logs l  -- Somebody's work, as the audit trail says.
                    WHERE l.business_id = b.id AND l.occurred_at > '2026-03-03'
                      AND (l.action LIKE 'risk.%' OR l.action LIKE 'compliance.%'))
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
