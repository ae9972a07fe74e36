-- check: Finance: penalties of the law
-- database: finance
-- expect: empty
-- severity: error
-- description: The highest fines of articles 35 and 36 of the Personal Data Protection Law, in SAR
-- remedy: caisson seed --set reference; when the law changes, change the seed and this check
WITH law (control_code, limit_amount) AS (VALUES
    ('35', 3000000.00), ('36', 5000000.00)
)
SELECT 'article ' || law.control_code || ': expected ' || law.limit_amount || ' SAR, doubled when repeated, found '
       || coalesce(p.limit_amount::text, 'nothing') AS finding
  FROM law LEFT JOIN public.penalty_limits p ON p.framework_code = 'KSA-PDPL' AND p.control_code = law.control_code
 WHERE (p.limit_amount, p.may_be_doubled) IS DISTINCT FROM (law.limit_amount, true)
