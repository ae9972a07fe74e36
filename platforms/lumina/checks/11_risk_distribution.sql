-- check: Risk distribution
-- expect: empty
-- severity: error
-- description: Bands follow scores; the nine entities: 4 LOW, 1 MEDIUM, 2 CRITICAL, 2 not scored (LUM-4)
-- remedy: caisson seed; a screening that somebody changed on purpose needs its entry aml.<state> in audit_logs
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
), latest AS (
    SELECT DISTINCT ON (entity_id) id, entity_id, status::text AS status, risk_score
      FROM public.aml_checks ORDER BY entity_id, requested_at DESC, id
)
SELECT named.entity_id || ': expected ' || named.status || ' with risk '
       || coalesce(named.risk_score::text, 'not scored') || ', found '
       || coalesce(latest.status || ' with risk ' || coalesce(latest.risk_score::text, 'not scored'), 'no AML check')
       AS finding
  FROM named LEFT JOIN latest USING (entity_id)
 WHERE (latest.status, latest.risk_score) IS DISTINCT FROM (named.status, named.risk_score::smallint)
   AND NOT EXISTS (SELECT FROM public.audit_logs l  -- Somebody's work, as the audit trail says.
                    WHERE l.object_type = 'aml_checks' AND l.object_id = latest.id::text
                      AND l.action = 'aml.' || latest.status)
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
UNION ALL
SELECT 'AML check ' || id || ': risk ' || coalesce(risk_score::text, 'none') || ' stands in band '
       || coalesce(risk_band, 'none')
  FROM public.aml_checks
 WHERE risk_band IS DISTINCT FROM CASE WHEN risk_score < 30 THEN 'LOW' WHEN risk_score < 85 THEN 'MEDIUM'
                                       WHEN risk_score >= 85 THEN 'CRITICAL' END
