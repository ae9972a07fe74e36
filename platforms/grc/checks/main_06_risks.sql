-- check: Main: risks are answered
-- database: main
-- expect: empty
-- severity: warning
-- description: Every open risk of 15 and above has a treatment; no risk counts as treated before one is completed
-- remedy: enter a treatment, or set the risk's status to what it is
SELECT risk.code || ' of ' || organisation.slug || ' scores ' || risk.likelihood * risk.impact
       || ' and has no treatment' AS finding
  FROM public.risks AS risk JOIN public.organisations AS organisation ON organisation.id = risk.organisation_id
 WHERE risk.status = 'open' AND risk.likelihood * risk.impact >= 15
   AND NOT EXISTS (SELECT FROM public.risk_treatments t WHERE t.risk_id = risk.id)
UNION ALL
SELECT risk.code || ' of ' || organisation.slug || ' counts as treated, and no treatment is completed'
  FROM public.risks AS risk JOIN public.organisations AS organisation ON organisation.id = risk.organisation_id
 WHERE risk.status = 'treated'
   AND NOT EXISTS (SELECT FROM public.risk_treatments t WHERE t.risk_id = risk.id AND t.completed_on IS NOT NULL)
