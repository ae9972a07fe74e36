-- check: Compliance is carried to the businesses
-- expect: empty
-- severity: error
-- description: No business is compliant in spite of a check that failed in 30 days; 10,000 at random agree, or all
-- remedy: ALTER TABLE compliance_checks ENABLE TRIGGER ALL; then UPDATE its checks SET updated_at = now()
-- The same work at any size, as for risk.
WITH failed AS MATERIALIZED (
    SELECT id, business_id, check_type, requested_at FROM public.compliance_checks
     WHERE status = 'failed' AND completed_at > now() - interval '30 days'
)
SELECT 'business ' || b.id || ' is compliant in spite of the failed check ' || failed.id AS finding
  FROM failed JOIN public.businesses b ON b.id = failed.business_id
 WHERE b.compliance_status = 'compliant'
   AND NOT EXISTS (SELECT FROM public.compliance_checks newer
                    WHERE newer.business_id = failed.business_id AND newer.check_type = failed.check_type
                      AND newer.requested_at > failed.requested_at)
UNION ALL
SELECT 'business ' || b.id || ' is ' || b.compliance_status || ', its checks say ' || state.compliance
  FROM public.businesses AS b TABLESAMPLE SYSTEM ((
        SELECT least(100, 1000000 / greatest(reltuples, 1)) FROM pg_catalog.pg_class
         WHERE oid = 'public.businesses'::regclass))
 CROSS JOIN LATERAL (
        SELECT public.compliance_of(coalesce(array_agg(check_type), '{}'), coalesce(array_agg(status), '{}'))
                   AS compliance
          FROM (SELECT DISTINCT ON (c.check_type) c.check_type, c.status FROM public.compliance_checks AS c
                 WHERE c.business_id = b.id ORDER BY c.check_type, c.requested_at DESC, c.id) AS newest) AS state
 WHERE b.compliance_status <> state.compliance
