-- check: Columns and their types
-- expect: empty
-- severity: error
-- description: Every column is there with its type; an exclamation mark is NOT NULL (LUM-1, LUM-11)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH expected (relation, columns) AS (VALUES
    ('public.users',
     'id uuid!, email text!, full_name text!, role text!, jurisdiction text, is_active bool!, '
     'last_login_at timestamptz, created_at timestamptz!, updated_at timestamptz!'),
    ('public.kyc_checks',
     'id uuid!, entity_id text!, entity_name text!, entity_type text!, jurisdiction text!, status '
     'check_status!, score int2, is_accredited bool!, missing_documents _text!, provider text, '
     'provider_reference text, notes text, requested_by uuid, reviewed_by uuid, requested_at timestamptz!, '
     'decided_at timestamptz, expires_at timestamptz, updated_at timestamptz!'),
    ('public.aml_checks',
     'id uuid!, kyc_check_id uuid!, entity_id text!, jurisdiction text!, status check_status!, risk_score '
     'int2, risk_band text, sanctions_match bool!, pep_match bool!, adverse_media_match bool!, '
     'matched_lists _text!, wallet_addresses _text!, provider text, findings jsonb!, reviewed_by uuid, '
     'requested_at timestamptz!, decided_at timestamptz, updated_at timestamptz!'),
    ('public.compliance_rules',
     'code text!, jurisdiction text!, regime text!, category text!, title text!, requirement text!, source '
     'text!, parameters jsonb!, severity text!, is_active bool!, created_at timestamptz!, updated_at '
     'timestamptz!'),
    ('public.compliance_checks',
     'id uuid!, entity_id text!, jurisdiction text!, kyc_check_id uuid!, aml_check_id uuid!, status '
     'check_status!, risk_score int2, deciding_rule text, rationale text, decided_by uuid, decided_at '
     'timestamptz, created_at timestamptz!, updated_at timestamptz!'),
    ('public.decision_vectors', 'id uuid!, compliance_check_id uuid!, model text!, created_at timestamptz!'),
    ('public.audit_logs',
     'id uuid!, occurred_at timestamptz!, actor_id uuid, actor_kind text!, action text!, object_type '
     'text!, object_id text!, entity_id text, jurisdiction text, details jsonb!, request_id text, '
     'source_ip inet'),
    ('sanctions.wallets', 'address text!, source text!, listed_at timestamptz!')
), wanted AS (
    SELECT relation, split_part(entry, ' ', 1) AS name, rtrim(split_part(entry, ' ', 2), '!') AS type,
           entry LIKE '%!' AS required
      FROM expected CROSS JOIN LATERAL unnest(string_to_array(columns, ', ')) AS entry
), present AS (
    SELECT n.nspname || '.' || c.relname AS relation, a.attname AS name, t.typname AS type, a.attnotnull AS required
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'sanctions') AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT wanted.relation || '.' || wanted.name || ': expected ' || wanted.type
       || CASE WHEN wanted.required THEN ' not null' ELSE '' END || ', found '
       || coalesce(present.type || CASE WHEN present.required THEN ' not null' ELSE '' END, 'nothing') AS finding
  FROM wanted LEFT JOIN present USING (relation, name)
 WHERE (present.type, present.required) IS DISTINCT FROM (wanted.type::name, wanted.required)
UNION ALL
SELECT 'public.decision_vectors.embedding: expected bytea or vector, not null'
 WHERE NOT EXISTS (SELECT FROM present WHERE relation = 'public.decision_vectors' AND name = 'embedding'
                                         AND type IN ('bytea', 'vector') AND required)
UNION ALL
SELECT 'public.aml_checks.risk_band does not follow risk_score: it is no generated column'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                    WHERE attrelid = to_regclass('public.aml_checks') AND attname = 'risk_band' AND attgenerated = 's')
