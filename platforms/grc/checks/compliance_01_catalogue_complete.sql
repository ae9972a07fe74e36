-- check: Compliance: catalogue complete
-- database: compliance
-- expect: empty
-- severity: error
-- description: Each document has all its controls: ECC 114 in 5 domains and 29 subdomains, SAMA 32 in 4, PDPL 43
-- description: (GRC-5)
-- remedy: caisson seed --set reference
WITH counted AS (
    SELECT f.code, f.control_count AS expected,
           (SELECT count(*) FROM public.controls c WHERE c.framework_code = f.code) AS found
      FROM public.frameworks f
), domains (code, top, below) AS (VALUES
    ('NCA-ECC-1-2018', 5, 29), ('SAMA-CSF-1.0', 4, 0), ('KSA-PDPL', 0, 0)
)
SELECT code || ': ' || found || ' controls, expected ' || expected AS finding FROM counted WHERE found <> expected
UNION ALL
SELECT 'framework ' || code || ' is missing' FROM domains WHERE code NOT IN (SELECT code FROM public.frameworks)
UNION ALL
SELECT domains.code || ': ' || count(d.code) FILTER (WHERE d.parent_code IS NULL) || ' domains and '
       || count(d.parent_code) || ' subdomains, expected ' || domains.top || ' and ' || domains.below
  FROM domains LEFT JOIN public.framework_domains d ON d.framework_code = domains.code
 GROUP BY domains.code, domains.top, domains.below
HAVING count(d.code) FILTER (WHERE d.parent_code IS NULL) <> domains.top OR count(d.parent_code) <> domains.below
UNION ALL
SELECT 'fewer than 100 controls in all: ' || count(*) FROM public.controls HAVING count(*) < 100
