-- check: Semantic search
-- expect: empty
-- severity: error
-- feature: semantic_search
-- description: Embeddings are vectors where pgvector is, and bytea where it is not; their policy is forced (BO1-10)
-- remedy: caisson migrate; where pgvector came later, a migration has to turn the column over
SELECT 'search.contribution_embeddings.embedding is ' || coalesce(found.type, 'missing') || ', expected ' || wanted.type
       AS finding
  FROM (SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vector')
                    THEN 'vector' ELSE 'bytea' END AS type) AS wanted
  LEFT JOIN (SELECT t.typname::text AS type
               FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              WHERE a.attrelid = to_regclass('search.contribution_embeddings') AND a.attname = 'embedding'
                AND NOT a.attisdropped) AS found ON true
 WHERE found.type IS DISTINCT FROM wanted.type
UNION ALL
SELECT 'row-level security of search.contribution_embeddings is not forced'
  FROM pg_catalog.pg_class WHERE oid = to_regclass('search.contribution_embeddings')
                             AND NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT 'policy contribution_embeddings_user_isolation is missing'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_policies
                    WHERE schemaname = 'search' AND policyname = 'contribution_embeddings_user_isolation')
