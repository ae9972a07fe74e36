-- check: Indexes
-- expect: empty
-- severity: error
-- description: Each of the 18 is there, on its table and columns, and valid (BO1-2)
-- remedy: caisson migrate; REINDEX INDEX CONCURRENTLY mends one that is invalid
WITH expected (relation, name, keys) AS (VALUES
    -- The nine that the document names.
    ('sessions', 'idx_sessions_user_id', 'user_id, created_at'),
    ('sessions', 'idx_sessions_status', 'status, created_at'),
    ('sessions', 'idx_sessions_created_at', 'created_at'),
    ('contributions', 'idx_contributions_session_id', 'session_id, id'),
    ('contributions', 'idx_contributions_round_number', 'round_number, session_id'),
    ('votes', 'idx_votes_session_id', 'session_id, persona_code'),
    ('audit_log', 'idx_audit_log_user_id', 'user_id, "timestamp"'),
    ('audit_log', 'idx_audit_log_timestamp', '"timestamp"'),
    ('audit_log', 'idx_audit_log_resource', 'resource_type, resource_id'),
    -- The nine that constraints bring along.
    ('users', 'users_pkey', 'id'),
    ('users', 'users_email_key', 'email'),
    ('personas', 'personas_pkey', 'id'),
    ('personas', 'personas_code_key', 'code'),
    ('sessions', 'sessions_pkey', 'id'),
    ('contributions', 'contributions_pkey', 'id'),
    ('votes', 'votes_pkey', 'id'),
    ('audit_log', 'audit_log_pkey', 'id'),
    ('alembic_version', 'alembic_version_pkc', 'version_num')
), present AS (
    SELECT c.relname::text AS relation, i.relname::text AS name,
           x.indisvalid AND x.indisready AND x.indislive AS usable,
           (SELECT string_agg(pg_get_indexdef(x.indexrelid, k, true), ', ' ORDER BY k)
              FROM generate_series(1, x.indnkeyatts) AS k) AS keys
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
     WHERE c.relnamespace = 'public'::regnamespace
)
SELECT 'index ' || coalesce(expected.name, present.name) || ' on ' || coalesce(expected.relation, present.relation)
       || ': expected ' || coalesce('(' || expected.keys || ')', 'nothing') || ', found '
       || coalesce('(' || present.keys || ')' || CASE WHEN usable THEN '' ELSE ', invalid' END, 'nothing') AS finding
  FROM expected FULL JOIN present USING (relation, name)
 WHERE present.keys IS DISTINCT FROM expected.keys OR NOT present.usable
