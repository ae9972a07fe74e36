-- check: Main: nothing escapes the trail
-- database: main
-- expect: empty
-- severity: error
-- description: Every table of an organisation records inserts, updates and deletes, by triggers that are switched on
-- remedy: caisson migrate up; ALTER TABLE … ENABLE TRIGGER …
WITH owned AS (
    SELECT c.oid, c.relname AS name FROM pg_catalog.pg_class c
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND (c.relname = 'organisations'
            OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped))
), event (name, bit) AS (VALUES  -- As pg_trigger.tgtype has them.
    ('insert', 4), ('delete', 8), ('update', 16)
)
SELECT owned.name || ' does not record each ' || event.name AS finding
  FROM owned CROSS JOIN event
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = owned.oid AND t.tgfoid = to_regproc('trail.record') AND t.tgtype & event.bit <> 0
                      AND t.tgenabled IN ('O', 'A'))
