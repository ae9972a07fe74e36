-- check: Compliance: approved means complete
-- database: compliance
-- expect: empty
-- severity: error
-- description: An approved assessment has a result for every control that can be assessed, and none for the others
-- remedy: assess what is missing; an assessment that was approved too early goes back to in_review
SELECT a.title || ' (' || a.framework_code || '): ' || count(*) || ' controls were not assessed, such as '
       || min(c.code) AS finding
  FROM public.assessments a
  JOIN public.controls c ON c.framework_code = a.framework_code AND c.is_assessable
  LEFT JOIN public.assessment_results r ON r.assessment_id = a.id AND r.control_code = c.code
 WHERE a.status = 'approved' AND (r.status IS NULL OR r.status = 'not_assessed')
 GROUP BY a.id, a.title, a.framework_code
UNION ALL
SELECT a.title || ': ' || r.control_code || ' cannot be assessed, and has a result'
  FROM public.assessments a
  JOIN public.assessment_results r ON r.assessment_id = a.id
  JOIN public.controls c ON c.framework_code = r.framework_code AND c.code = r.control_code
 WHERE NOT c.is_assessable
UNION ALL
SELECT a.title || ': maturity of ' || r.control_code || ' is given, and ' || f.code || ' does not measure it'
  FROM public.assessments a
  JOIN public.frameworks f ON f.code = a.framework_code
  JOIN public.assessment_results r ON r.assessment_id = a.id
 WHERE r.maturity IS NOT NULL AND NOT f.has_maturity
