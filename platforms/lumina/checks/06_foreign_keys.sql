-- check: Foreign keys
-- expect: empty
-- severity: error
-- description: Every foreign key is there with what it does on deletion: r refuses, c cascades (LUM-6)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH expected (relation, columns, target, target_columns, on_delete) AS (VALUES
    ('kyc_checks', 'requested_by', 'users', 'id', 'r'),
    ('kyc_checks', 'reviewed_by', 'users', 'id', 'r'),
    ('aml_checks', 'kyc_check_id, entity_id, jurisdiction', 'kyc_checks', 'id, entity_id, jurisdiction', 'r'),
    ('aml_checks', 'reviewed_by', 'users', 'id', 'r'),
    ('compliance_checks', 'kyc_check_id, entity_id, jurisdiction', 'kyc_checks', 'id, entity_id, jurisdiction', 'r'),
    ('compliance_checks', 'aml_check_id, entity_id, jurisdiction', 'aml_checks', 'id, entity_id, jurisdiction', 'r'),
    ('compliance_checks', 'deciding_rule', 'compliance_rules', 'code', 'r'),
    ('compliance_checks', 'decided_by', 'users', 'id', 'r'),
    ('decision_vectors', 'compliance_check_id', 'compliance_checks', 'id', 'c'),
    ('audit_logs', 'actor_id', 'users', 'id', 'r')
), present AS (
    SELECT c.relname AS relation, r.relname AS target, f.confdeltype::text AS on_delete,
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
