-- check: Indexes
-- expect: empty
-- severity: error
-- description: The named GIN indexes are there, every foreign key has an index, every index is valid and says what it is for (PND-15)
-- remedy: caisson migrate up; REINDEX INDEX CONCURRENTLY mends one that is invalid
WITH named (relation, name, method, keys) AS (VALUES
    ('public.users', 'idx_user_metadata_gin', 'gin', 'metadata'),
    ('public.users', 'idx_user_preferences_gin', 'gin', 'preferences'),
    ('public.asset_metrics', 'idx_asset_performance_gin', 'gin', 'performance_data'),
    ('public.assets', 'idx_asset_metadata_gin', 'gin', 'metadata'),
    ('public.user_events', 'idx_user_event_data_gin', 'gin', 'event_data'),
    ('public.assets', 'assets_search_idx', 'gin', 'status, category, search'),
    ('public.assets', 'assets_title_part_idx', 'gin', 'title'),
    ('public.wallets', 'wallets_address_part_idx', 'gin', 'encode(address, ''hex''::text)'),
    ('public.blocks', 'blocks_mined_at_brin', 'brin', 'mined_at, number'),
    ('public.transactions', 'transactions_mined_at_brin', 'brin', 'mined_at, block_number'),
    ('public.network_metrics', 'network_metrics_measured_at_brin', 'brin', 'measured_at'),
    ('public.user_events', 'user_events_occurred_at_brin', 'brin', 'occurred_at'),
    ('public.kyc_applications', 'kyc_applications_queue_idx', 'btree', 'priority, submitted_at')
), present AS (
    SELECT n.nspname || '.' || c.relname AS relation, i.relname AS name, m.amname AS method, x.indexrelid, x.indrelid,
           x.indkey::smallint[] AS columns, x.indisprimary, x.indisvalid AND x.indisready AND x.indislive AS usable,
           (SELECT string_agg(pg_catalog.pg_get_indexdef(x.indexrelid, k, true), ', ' ORDER BY k)
              FROM generate_series(1, x.indnkeyatts) AS k) AS keys
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_am m ON m.oid = i.relam
      JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'pii')
)
SELECT 'index ' || named.name || ' on ' || named.relation || ': expected ' || named.method || ' (' || named.keys
       || '), found ' || coalesce(present.method || ' (' || present.keys || ')', 'nothing') AS finding
  FROM named LEFT JOIN present USING (relation, name)
 WHERE (present.method, present.keys) IS DISTINCT FROM (named.method::name, named.keys)
UNION ALL
SELECT 'index ' || name || ' on ' || relation || ' is invalid' FROM present WHERE NOT usable
UNION ALL
SELECT 'foreign key ' || f.conname || ' of ' || f.conrelid::regclass || ' has no index that begins with its columns'
  FROM pg_catalog.pg_constraint f
  JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
 WHERE f.contype = 'f' AND f.connamespace IN ('public'::regnamespace, to_regnamespace('pii')) AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM present
                    WHERE present.indrelid = f.conrelid
                      AND present.columns[0:cardinality(f.conkey) - 1] @> f.conkey)
UNION ALL
SELECT 'index ' || name || ' on ' || relation || ' has no comment' FROM present
 WHERE NOT indisprimary AND pg_catalog.obj_description(indexrelid, 'pg_class') IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = present.indexrelid AND k.contype = 'u')
