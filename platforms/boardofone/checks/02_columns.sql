-- check: Columns and their types
-- expect: empty
-- severity: error
-- description: The document's columns and no others; an exclamation mark is NOT NULL (BO1-1)
-- remedy: caisson migrate; what was changed by hand has to be changed back
WITH expected (relation, columns) AS (VALUES
    ('users', 'id uuid!, email text!, auth_provider text!, subscription_tier text!, gdpr_consent_at timestamptz'),
    ('personas', 'id int8!, code text!, name text!, expertise text!, system_prompt text!'),
    -- created_at is not among the document's fields, but in its index idx_sessions_created_at.
    ('sessions',
     'id uuid!, user_id uuid!, problem_statement text!, status text!, phase text!, total_cost numeric!, '
     'round_number int8!, created_at timestamptz!'),
    ('contributions',
     'id int8!, session_id uuid!, persona_code text!, content text!, round_number int8!, phase text!, cost numeric!, '
     'tokens int8!'),
    ('votes',
     'id int8!, session_id uuid!, persona_code text!, vote_choice text!, reasoning text!, confidence numeric!'),
    ('audit_log',
     'id int8!, user_id uuid, action text!, resource_type text!, resource_id text!, details jsonb!, '
     'timestamp timestamptz!'),
    ('alembic_version', 'version_num varchar!')
), wanted AS (
    SELECT relation, split_part(entry, ' ', 1) AS name, rtrim(split_part(entry, ' ', 2), '!') AS type,
           entry LIKE '%!' AS required
      FROM expected CROSS JOIN LATERAL unnest(string_to_array(columns, ', ')) AS entry
), present AS (
    SELECT c.relname AS relation, a.attname AS name, t.typname AS type, a.attnotnull AS required
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT coalesce(wanted.relation, present.relation::text) || '.' || coalesce(wanted.name, present.name::text)
       || ': expected '
       || coalesce(wanted.type || CASE WHEN wanted.required THEN ' not null' ELSE '' END, 'nothing') || ', found '
       || coalesce(present.type || CASE WHEN present.required THEN ' not null' ELSE '' END, 'nothing') AS finding
  FROM wanted
  FULL JOIN (SELECT * FROM present WHERE relation IN (SELECT relation FROM expected)) AS present
    ON present.relation = wanted.relation AND present.name = wanted.name
 WHERE (present.type, present.required) IS DISTINCT FROM (wanted.type::name, wanted.required)
