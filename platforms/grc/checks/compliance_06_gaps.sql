-- check: Compliance: gaps have actions
-- database: compliance
-- expect: empty
-- severity: warning
-- description: Whatever an approved assessment found not implemented is being mended, or was
-- remedy: plan a remediation action for each
SELECT a.title || ': ' || r.control_code || ' is not implemented, and nothing is planned' AS finding
  FROM public.assessments a
  JOIN public.assessment_results r ON r.assessment_id = a.id
 WHERE a.status = 'approved' AND r.status = 'not_implemented'
   AND NOT EXISTS (SELECT FROM public.remediation_actions m WHERE m.result_id = r.id)
 ORDER BY a.title, r.control_code
