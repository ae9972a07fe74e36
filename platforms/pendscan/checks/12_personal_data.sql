-- check: Personal data is apart and sealed
-- expect: empty
-- severity: error
-- description: Only the role pii reaches the schema pii, sealed values are bytes with the version in front, an erased person is empty (PND-9)
-- remedy: REVOKE what was granted by hand; seal again what is not sealed
WITH prefix (name) AS (
    SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
     WHERE d.datname = current_database()
), relation AS (
    SELECT c.oid, c.oid::regclass::text AS name FROM pg_catalog.pg_class c
     WHERE c.relnamespace = to_regnamespace('pii') AND c.relkind IN ('r', 'p', 'v', 'm')
), right_to (privilege) AS (VALUES
    ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')
)
SELECT r.rolname || ' may ' || lower(privilege) || ' on ' || relation.name AS finding
  FROM pg_catalog.pg_roles r CROSS JOIN prefix CROSS JOIN relation CROSS JOIN right_to
 WHERE r.rolname LIKE prefix.name || '\_%' AND NOT r.rolsuper
   AND substr(r.rolname, length(prefix.name) + 2) NOT IN ('owner', 'migrator', 'service', 'backup', 'pii')
   AND NOT (r.rolname = prefix.name || '_auditor' AND relation.name = 'pii.access_log' AND privilege = 'SELECT')
   AND has_schema_privilege(r.oid, 'pii', 'USAGE') AND has_any_column_privilege(r.oid, relation.oid, privilege)
UNION ALL
SELECT prefix.name || '_pii may read ' || a.attrelid::regclass || '.' || a.attname || ' without an entry in the access log'
  FROM prefix JOIN pg_catalog.pg_roles r ON r.rolname = prefix.name || '_pii' CROSS JOIN pg_catalog.pg_attribute a
 WHERE a.attrelid IN ('pii.people'::regclass, 'pii.document_files'::regclass) AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attname IN ('person_key', 'full_name', 'phone', 'email', 'date_of_birth', 'address', 'original_name', 'location',
                     'file_key')
   AND has_column_privilege(r.oid, a.attrelid, a.attnum, 'SELECT')
UNION ALL
SELECT 'row-level security of ' || relation.name || ' is off or not forced'
  FROM relation JOIN pg_catalog.pg_class c ON c.oid = relation.oid
 WHERE relation.name <> 'pii.access_log' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL
SELECT 'person ' || p.user_id || ': ' || v.name || ' is not sealed in a known way'
  FROM pii.people p
 CROSS JOIN LATERAL (VALUES ('person_key', p.person_key), ('full_name', p.full_name), ('phone', p.phone),
                            ('email', p.email), ('date_of_birth', p.date_of_birth), ('address', p.address)) AS v (name, value)
 WHERE v.value IS NOT NULL AND get_byte(v.value, 0) <> 1
UNION ALL
SELECT 'person ' || p.user_id || ' is erased, and parts of the number or places of files are not' FROM pii.people p
 WHERE p.erased_at IS NOT NULL
   AND (EXISTS (SELECT FROM pii.phone_prefixes x WHERE x.user_id = p.user_id)
        OR EXISTS (SELECT FROM pii.phone_suffixes x WHERE x.user_id = p.user_id)
        OR EXISTS (SELECT FROM pii.document_files f
                    WHERE f.user_id = p.user_id AND coalesce(f.original_name, f.location, f.file_key) IS NOT NULL))
