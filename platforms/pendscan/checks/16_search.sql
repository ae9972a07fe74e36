-- check: Assets are found
-- expect: empty
-- severity: error
-- description: Full-text search looks at title, category and description; a part or a mistyped title is found by trigrams (PND-5)
-- remedy: caisson seed; caisson migrate up
WITH asked (words, symbol) AS (VALUES
    ('solar parks', 'SOLAR-ALGARVE'), ('renewable energy', 'SOLAR-ALGARVE'), ('"ship to shore"', 'PORT-CRANES'),
    ('rented homes -office', 'RIVERSIDE-HOMES')
), found AS (
    SELECT asked.words AS what, asked.symbol,
           EXISTS (SELECT FROM public.assets a
                    WHERE a.symbol = asked.symbol AND a.search @@ websearch_to_tsquery('english', asked.words)) AS is_found
      FROM asked
    UNION ALL
    SELECT 'Harbor Quater Offices', 'HARBOUR-1',
           EXISTS (SELECT FROM public.assets a
                    WHERE a.symbol = 'HARBOUR-1' AND public.similarity(a.title, 'Harbor Quater Offices') >= 0.3)
)
SELECT '"' || what || '" does not find ' || symbol AS finding
  FROM found
 WHERE NOT is_found AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT EXISTS (SELECT FROM public.audit_trail a  -- An asset that somebody rewrote is found by its new words.
                    WHERE a.table_name = 'assets' AND a.action IN ('UPDATE', 'DELETE'))
UNION ALL
SELECT 'asset ' || a.symbol || ' is not found by its own title' FROM public.assets a
 WHERE NOT a.search @@ plainto_tsquery('english', a.title)
