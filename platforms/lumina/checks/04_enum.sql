-- check: Enum check_status
-- expect: value = 'pending,approved,rejected,escalated,manual_review'
-- severity: error
-- description: The five states, in their order (LUM-1)
-- remedy: caisson migrate up
SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) AS labels
  FROM pg_catalog.pg_enum e
  JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
 WHERE t.typname = 'check_status' AND t.typnamespace = 'public'::regnamespace
