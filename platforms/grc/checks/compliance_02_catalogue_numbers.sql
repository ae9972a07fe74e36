-- check: Compliance: numbers agree
-- database: compliance
-- expect: empty
-- severity: error
-- description: A control stands in the (sub)domain that its number says, and numbers run without a gap, as in the
-- description: documents
-- remedy: caisson seed --set reference; a number that was changed by hand has to be changed back
WITH numbered AS (
    SELECT framework_code, code, domain_code,
           string_to_array(translate(code, '-', '.'), '.')::bigint[] AS parts
      FROM public.controls
), below AS (
    SELECT framework_code, code, domain_code, parts[cardinality(parts)] AS last,
           row_number() OVER (PARTITION BY framework_code, parts[:cardinality(parts) - 1] ORDER BY parts) AS place
      FROM numbered
)
SELECT framework_code || ' ' || code || ' stands in ' || domain_code AS finding FROM numbered
 WHERE domain_code IS NOT NULL
   AND string_to_array(translate(domain_code, '-', '.'), '.')::bigint[] <> parts[:cardinality(parts) - 1]
UNION ALL
SELECT framework_code || ' ' || code || ': a number before it is missing' FROM below WHERE last <> place
UNION ALL
SELECT framework_code || ' ' || code || ' comes before what it follows'
  FROM (SELECT c.framework_code, c.code, n.parts,
               lag(n.parts) OVER (PARTITION BY c.framework_code ORDER BY c.position) AS before_it
          FROM public.controls c JOIN numbered n USING (framework_code, code)) AS ordered
 WHERE before_it > parts
UNION ALL
SELECT d.framework_code || ' ' || d.code || ' is part of ' || d.parent_code FROM public.framework_domains d
 WHERE d.parent_code IS NOT NULL AND d.code NOT LIKE d.parent_code || '-%'
