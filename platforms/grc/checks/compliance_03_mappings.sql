-- check: Compliance: mappings
-- database: compliance
-- expect: empty
-- severity: error
-- description: ECC and SAMA correspond both ways, both serve the data protection law, and nothing is covered by what
-- description: is void
-- remedy: caisson seed --set reference
WITH needed (framework_code, target_framework_code, least) AS (VALUES
    ('NCA-ECC-1-2018', 'SAMA-CSF-1.0', 40), ('SAMA-CSF-1.0', 'NCA-ECC-1-2018', 25),
    ('NCA-ECC-1-2018', 'KSA-PDPL', 5), ('SAMA-CSF-1.0', 'KSA-PDPL', 5)
)
SELECT needed.framework_code || ' to ' || needed.target_framework_code || ': ' || count(m.control_code)
       || ' mappings, expected at least ' || needed.least AS finding
  FROM needed LEFT JOIN public.control_mappings m USING (framework_code, target_framework_code)
 GROUP BY needed.framework_code, needed.target_framework_code, needed.least
HAVING count(m.control_code) < needed.least
UNION ALL
SELECT m.framework_code || ' ' || m.control_code || ' serves ' || m.target_framework_code || ' '
       || m.target_control_code || ', which nobody can be assessed for'
  FROM public.control_mappings m
  JOIN public.controls c ON c.framework_code = m.target_framework_code AND c.code = m.target_control_code
 WHERE NOT c.is_assessable
