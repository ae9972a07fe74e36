-- check: Extensions
-- expect: empty
-- severity: error
-- description: pgcrypto is installed; embeddings are vectors where pgvector is, and bytea where it is not (LUM-11)
-- remedy: caisson provision installs pgcrypto; where pgvector came later, a migration has to turn the column over
SELECT 'extension pgcrypto is not installed' AS finding
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pgcrypto')
UNION ALL
SELECT 'decision_vectors.embedding is ' || coalesce(found.type, 'missing') || ', expected ' || wanted.type
  FROM (SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vector')
                    THEN 'vector' ELSE 'bytea' END AS type) AS wanted
  LEFT JOIN (SELECT t.typname::text AS type
               FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              WHERE a.attrelid = to_regclass('public.decision_vectors') AND a.attname = 'embedding'
                AND NOT a.attisdropped) AS found ON true
 WHERE found.type IS DISTINCT FROM wanted.type
