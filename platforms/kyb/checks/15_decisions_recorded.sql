-- check: Decisions of people are in the audit trail
-- expect: empty
-- severity: error
-- description: Every manual assessment, manual check and role that somebody gave has its entry (KYB-1)
-- remedy: a decision without an entry has to be explained to the auditor before one is added
SELECT 'risk assessment ' || r.id || ' by ' || r.assessed_by || ' has no entry in audit_logs' AS finding
  FROM public.risk_assessments r
 WHERE r.assessed_by IS NOT NULL AND r.method = 'manual'
   AND NOT EXISTS (SELECT FROM public.audit_logs l WHERE l.resource_type = 'risk_assessments'
                                                     AND l.resource_id = r.id::text AND l.action = 'risk.assessed')
UNION ALL
SELECT 'compliance check ' || c.id || ' (' || c.status || ') by ' || c.reviewed_by || ' has no entry in audit_logs'
  FROM public.compliance_checks c
 WHERE c.reviewed_by IS NOT NULL AND c.method = 'manual' AND c.status IN ('passed', 'failed')
   AND NOT EXISTS (SELECT FROM public.audit_logs l WHERE l.resource_type = 'compliance_checks'
                                                     AND l.resource_id = c.id::text
                                                     AND l.action = 'compliance.' || c.status)
UNION ALL
SELECT 'role ' || a.role || ' of ' || a.user_id || ' has no entry in audit_logs'
  FROM public.role_assignments a
 WHERE a.assigned_by IS NOT NULL
   AND NOT EXISTS (SELECT FROM public.audit_logs l WHERE l.resource_type = 'role_assignments'
                                                     AND l.resource_id = a.id::text AND l.action = 'role.assigned')
