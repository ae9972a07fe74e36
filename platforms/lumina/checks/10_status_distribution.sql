-- check: Status distribution
-- expect: empty
-- severity: error
-- description: The nine entities: 4 approved, 2 pending, 1 escalated, 2 rejected, and their scores (LUM-4)
-- remedy: caisson seed; a state that somebody changed on purpose needs its entry kyc.<state> in audit_logs
WITH named (entity_id, jurisdiction, status, score, risk_score) AS (VALUES
    ('ae-ind-clean-001', 'AE', 'approved', 95, 10),
    ('ae-corp-pending-002', 'AE', 'pending', NULL, NULL),
    ('ae-ind-flagged-003', 'AE', 'rejected', NULL, 95),
    ('in-ind-accredited-001', 'IN', 'approved', 92, 18),
    ('in-corp-pep-002', 'IN', 'escalated', 65, 68),
    ('in-ind-rejected-003', 'IN', 'rejected', 45, 92),
    ('us-corp-accredited-001', 'US', 'approved', 90, 12),
    ('us-ind-standard-002', 'US', 'approved', 87, 25),
    ('us-fund-pending-003', 'US', 'pending', NULL, NULL)
)
SELECT named.entity_id || ': expected ' || named.status || coalesce(' with score ' || named.score, '') || ', found '
       || coalesce(k.status::text || coalesce(' with score ' || k.score, ''), 'no KYC check') AS finding
  FROM named
  LEFT JOIN LATERAL (SELECT id, status, score FROM public.kyc_checks c WHERE c.entity_id = named.entity_id
                      ORDER BY requested_at DESC, id LIMIT 1) AS k ON true
 WHERE (k.status::text, k.score) IS DISTINCT FROM (named.status, named.score::smallint)
   AND NOT EXISTS (SELECT FROM public.audit_logs l  -- Somebody's work, as the audit trail says.
                    WHERE l.object_type = 'kyc_checks' AND l.object_id = k.id::text AND l.action = 'kyc.' || k.status)
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
UNION ALL
SELECT 'KYC check ' || id || ' of ' || entity_id || ' is approved without a score' FROM public.kyc_checks
 WHERE status = 'approved' AND score IS NULL
UNION ALL
SELECT 'AML check ' || id || ' of ' || entity_id || ' is approved although its entity is on a sanctions list'
  FROM public.aml_checks WHERE status = 'approved' AND sanctions_match
