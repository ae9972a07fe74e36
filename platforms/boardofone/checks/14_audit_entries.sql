-- check: Audit entries
-- expect: empty
-- severity: error
-- description: No session has ended without an entry session.<status> in the audit log
-- remedy: caisson seed; an end without an entry has to be explained to the auditor before one is added
SELECT 'session ' || s.id || ' (' || s.status || ') has no entry session.' || s.status || ' in audit_log' AS finding
  FROM public.sessions s
 WHERE s.status IN ('completed', 'failed', 'killed')
   AND NOT EXISTS (SELECT FROM public.audit_log l
                    WHERE l.resource_type = 'sessions' AND l.resource_id = s.id::text
                      AND l.action = 'session.' || s.status)
