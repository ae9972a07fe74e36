-- check: Risk is carried to the businesses
-- expect: empty
-- severity: error
-- description: No critical finding of 30 days is hidden by its business; beside that 10,000 at random agree, or all
-- remedy: ALTER TABLE risk_assessments ENABLE TRIGGER ALL; copy risk_level, risk_score, assessed_at from the newest one
-- The same work at any size: the dangerous direction by the index of critical findings, all else as a sample, which is
-- another one each time.
SELECT 'business ' || b.id || ' stands at risk ' || coalesce(b.risk_level, 'none')
       || ' although a newer assessment says critical (' || r.id || ')' AS finding
  FROM public.risk_assessments r JOIN public.businesses b ON b.id = r.business_id
 WHERE r.risk_score >= 85 AND r.assessed_at > now() - interval '30 days'
   AND (b.risk_assessed_at IS NULL OR (b.risk_assessed_at, b.risk_score) < (r.assessed_at, r.risk_score))
UNION ALL
SELECT 'business ' || b.id || ' stands at "' || concat_ws(' ', b.risk_level, b.risk_score, b.risk_assessed_at)
       || '", its newest assessment says "' || concat_ws(' ', r.risk_level, r.risk_score, r.assessed_at) || '"'
  FROM public.businesses AS b TABLESAMPLE SYSTEM ((
        SELECT least(100, 1000000 / greatest(reltuples, 1)) FROM pg_catalog.pg_class
         WHERE oid = 'public.businesses'::regclass))
  LEFT JOIN LATERAL (SELECT n.risk_score, n.risk_level, n.assessed_at FROM public.risk_assessments AS n
                      WHERE n.business_id = b.id ORDER BY n.assessed_at DESC, n.risk_score DESC LIMIT 1) AS r ON true
 WHERE (b.risk_score, b.risk_level, b.risk_assessed_at) IS DISTINCT FROM (r.risk_score, r.risk_level, r.assessed_at)
