-- check: Main: tables
-- database: main
-- expect: empty
-- severity: error
-- description: public holds Prisma's seven tables, those of the root schema together or not at all; the trail is
-- description: there (GRC-2, GRC-8)
-- remedy: caisson migrate up; a table that is not Prisma's belongs in a schema of its own
WITH expected (name) AS (VALUES
    ('organisations'), ('organisation_members'), ('organisation_frameworks'), ('policies'), ('policy_controls'),
    ('risks'), ('risk_treatments')
), legacy (name) AS (VALUES
    ('users'), ('frameworks'), ('assessments'), ('activity_logs')
), present AS (
    SELECT c.relname AS name
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d  -- An extension's own table is its affair.
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT 'table ' || name || ' is missing' AS finding FROM expected WHERE name NOT IN (SELECT name FROM present)
UNION ALL
SELECT 'table ' || name || ' is missing beside the others of the root schema' FROM legacy
 WHERE name NOT IN (SELECT name FROM present) AND EXISTS (SELECT FROM legacy JOIN present USING (name))
UNION ALL
SELECT 'table ' || name || ' was not expected in public: Prisma would call it drift' FROM present
 WHERE name NOT IN (SELECT name FROM expected UNION ALL SELECT name FROM legacy UNION ALL VALUES ('_prisma_migrations'))
UNION ALL
SELECT 'table trail.entries is missing' WHERE to_regclass('trail.entries') IS NULL
