-- check: Compliance: sample assessments
-- database: compliance
-- expect: empty
-- severity: error
-- description: One approved assessment for each framework, each with evidence and actions; the views agree with the
-- description: tables
-- remedy: caisson seed
SELECT f.code || ' has no approved assessment with evidence and actions' AS finding
  FROM public.frameworks f
 WHERE coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT EXISTS (
       SELECT FROM public.assessments a
        WHERE a.framework_code = f.code AND a.status = 'approved'
          AND EXISTS (SELECT FROM public.assessment_results r JOIN public.evidence e ON e.result_id = r.id
                       WHERE r.assessment_id = a.id)
          AND EXISTS (SELECT FROM public.assessment_results r JOIN public.remediation_actions m ON m.result_id = r.id
                       WHERE r.assessment_id = a.id))
UNION ALL
SELECT 'posture of ' || p.framework_code || ' counts '
       || p.implemented + p.partially_implemented + p.not_implemented + p.not_applicable + p.not_assessed
       || ' controls, the catalogue has ' || count(*)
  FROM public.posture p JOIN public.controls c ON c.framework_code = p.framework_code AND c.is_assessable
 GROUP BY p.organisation_id, p.framework_code, p.implemented, p.partially_implemented, p.not_implemented,
          p.not_applicable, p.not_assessed
HAVING count(*) <> p.implemented + p.partially_implemented + p.not_implemented + p.not_applicable + p.not_assessed
UNION ALL
SELECT 'assessment ' || a.title || ' can be seen by nobody: its organisation has no member'
  FROM public.assessments a
 WHERE NOT EXISTS (SELECT FROM public.organisation_members m WHERE m.organisation_id = a.organisation_id)
