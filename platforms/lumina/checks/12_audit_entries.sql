-- check: Audit entries
-- expect: empty
-- severity: error
-- description: No decision without an entry in the audit trail; at least six entries with the sample data (LUM-4)
-- remedy: caisson seed; a decision without an entry has to be explained to the auditor before one is added
SELECT 'decision ' || c.id || ' on ' || c.entity_id || ' (' || c.status || ') has no entry in audit_logs' AS finding
  FROM public.compliance_checks c
 WHERE c.status IN ('approved', 'rejected', 'escalated')
   AND NOT EXISTS (SELECT FROM public.audit_logs l
                    WHERE l.object_type = 'compliance_checks' AND l.object_id = c.id::text
                      AND l.action = 'compliance.' || c.status)
UNION ALL
SELECT 'audit_logs holds ' || count(*) || ' entries, expected 6 or more' FROM public.audit_logs
HAVING count(*) < 6 AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
