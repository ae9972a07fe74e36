-- check: Businesses of every risk and state
-- expect: empty
-- severity: error
-- description: The ten sample businesses stand where their assessments and checks put them (KYB-3)
-- remedy: caisson seed
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
   AND NOT EXISTS (SELECT FROM public.risk_assessments r  -- Somebody assessed or checked it since.
                    WHERE r.business_id = b.id AND r.assessed_at > '2026-03-03')
   AND NOT EXISTS (SELECT FROM public.compliance_checks c
                    WHERE c.business_id = b.id AND greatest(c.requested_at, c.completed_at) > '2026-03-03')
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
