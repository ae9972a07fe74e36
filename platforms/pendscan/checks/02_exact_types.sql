-- check: What the chain counts is exact
-- expect: empty
-- severity: error
-- description: Amounts of the chain are numeric(78,0), money is numeric(20,2), hashes and addresses are bytes with a length (PND-8)
-- remedy: caisson migrate up; what was changed by hand has to be changed back
WITH expected (relation, columns, type) AS (VALUES
    ('public.blocks', 'difficulty, total_difficulty, base_fee', 'numeric(78,0)'),
    ('public.transactions', 'value, gas_price, max_fee, max_priority_fee', 'numeric(78,0)'),
    ('public.transactions', 'nonce', 'numeric(20,0)'),
    ('public.investments', 'token_amount', 'numeric(78,0)'),
    ('public.assets', 'token_supply', 'numeric(78,0)'),
    ('public.wallet_directory', 'value_sent, value_received', 'numeric(78,0)'),
    ('public.network_statistics', 'value_moved', 'numeric(78,0)'),
    ('public.investments', 'amount', 'numeric(20,2)'),
    ('public.assets', 'min_investment, target_amount', 'numeric(20,2)'),
    ('public.chain_index', 'hash, parent_hash', 'bytea'),
    ('public.blocks', 'hash, miner, nonce, state_root, transactions_root, receipts_root, logs_bloom', 'bytea'),
    ('public.transactions', 'hash, from_address, to_address, contract_address', 'bytea'),
    ('public.wallets', 'address', 'bytea'),
    ('public.investments', 'transaction_hash', 'bytea'),
    ('public.assets', 'token_address', 'bytea')
), wanted AS (
    SELECT relation, name, type FROM expected CROSS JOIN LATERAL unnest(string_to_array(columns, ', ')) AS name
), present AS (
    SELECT n.nspname || '.' || c.relname AS relation, a.attname AS name, c.oid, c.relkind,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT wanted.relation || '.' || wanted.name || ' is ' || coalesce(present.type, 'missing') || ', expected ' || wanted.type
       AS finding
  FROM wanted LEFT JOIN present USING (relation, name)
 WHERE present.type IS DISTINCT FROM wanted.type
UNION ALL
SELECT relation || '.' || name || ' has no check of its length'
  FROM wanted JOIN present USING (relation, name)
 WHERE wanted.type = 'bytea'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conrelid = present.oid AND k.contype = 'c' AND k.convalidated
                      AND pg_catalog.pg_get_constraintdef(k.oid) ~ ('octet_length\(' || name || '\) ='))
