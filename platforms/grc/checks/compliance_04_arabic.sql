-- check: Compliance: Arabic names
-- database: compliance
-- expect: empty
-- severity: error
-- description: Authorities and every domain of ECC have their Arabic names; what is Arabic is written in Arabic (GRC-5)
-- remedy: caisson seed --set reference
SELECT 'authority ' || code || ' has no Arabic name' AS finding FROM public.authorities WHERE name_ar IS NULL
UNION ALL
SELECT 'domain ' || code || ' of ' || framework_code || ' has no Arabic title' FROM public.framework_domains
 WHERE framework_code = 'NCA-ECC-1-2018' AND title_ar IS NULL
UNION ALL
SELECT 'the Arabic title of ' || code || ' holds Latin letters: ' || title_ar
  FROM (SELECT code, title_ar FROM public.frameworks
        UNION ALL SELECT framework_code || ' ' || code, title_ar FROM public.framework_domains
        UNION ALL SELECT framework_code || ' ' || code, title_ar FROM public.controls) AS titles
 WHERE title_ar ~ '[A-Za-z]'
