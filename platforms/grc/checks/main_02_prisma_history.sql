-- check: Main: Prisma's history
-- database: main
-- expect: empty
-- severity: error
-- description: _prisma_migrations says what is applied: each folder once, finished, in the order of the names (GRC-2)
-- remedy: caisson migrate status; an attempt that is neither finished nor rolled back: prisma migrate resolve
WITH applied AS (
    SELECT migration_name, finished_at,
           lag(migration_name) OVER (ORDER BY finished_at, migration_name) AS before_it
      FROM public._prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL
)
SELECT migration_name || ' was begun and neither finished nor rolled back' AS finding
  FROM public._prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL
UNION ALL
SELECT migration_name || ' is applied ' || count(*) || ' times' FROM applied GROUP BY migration_name HAVING count(*) > 1
UNION ALL
SELECT migration_name || ' was applied after ' || before_it || ', which comes later' FROM applied
 WHERE before_it > migration_name
UNION ALL
SELECT wanted.name || ' is not applied' FROM (VALUES ('20250203090000_init')) AS wanted (name)
 WHERE wanted.name NOT IN (SELECT migration_name FROM applied)
