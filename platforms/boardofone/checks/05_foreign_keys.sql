-- check: Foreign keys
-- expect: empty
-- severity: error
-- description: Each is there with what it does on deletion: r refuses, c cascades, n forgets (BO1-1)
-- remedy: caisson migrate; what was changed by hand has to be changed back
WITH expected (relation, columns, target, target_columns, on_delete) AS (VALUES
    ('sessions', 'user_id', 'users', 'id', 'c'),
    ('contributions', 'session_id', 'sessions', 'id', 'c'),
    ('contributions', 'persona_code', 'personas', 'code', 'r'),
    ('votes', 'session_id', 'sessions', 'id', 'c'),
    ('votes', 'persona_code', 'personas', 'code', 'r'),
    ('audit_log', 'user_id', 'users', 'id', 'n')
), present AS (
    SELECT c.relname::text AS relation, r.relname::text AS target, f.confdeltype::text AS on_delete, f.convalidated,
           (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
              FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number) AS columns,
           (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
              FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number) AS target_columns
      FROM pg_catalog.pg_constraint f
      JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
      JOIN pg_catalog.pg_class r ON r.oid = f.confrelid
     WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
)
SELECT 'foreign key of ' || relation || ' (' || columns || ') to ' || target || ' (' || target_columns
       || ') on delete ' || on_delete || ' is missing' AS finding
  FROM (SELECT relation, columns, target, target_columns, on_delete FROM expected
        EXCEPT
        SELECT relation, columns, target, target_columns, on_delete FROM present) AS missing
UNION ALL
SELECT 'foreign key of ' || relation || ' (' || columns || ') was never validated' FROM present WHERE NOT convalidated
