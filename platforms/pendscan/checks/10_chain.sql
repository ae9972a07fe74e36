-- check: The chain is whole
-- expect: empty
-- severity: error
-- description: Each block follows its parent, has its details and all its transactions, and no transaction is there twice (PND-8)
-- remedy: SELECT rewind_chain() with the first block named, then take the blocks in again
-- timeout: 5min
SELECT 'block ' || c.number || ' does not name block ' || p.number || ' as its parent' AS finding
  FROM public.chain_index c JOIN public.chain_index p ON p.number = c.number - 1
 WHERE c.parent_hash <> p.hash
UNION ALL
SELECT 'block ' || c.number || CASE WHEN b.number IS NULL THEN ' has no details' ELSE ' has another hash in its details' END
  FROM public.chain_index c LEFT JOIN public.blocks b ON b.number = c.number AND b.mined_at = c.mined_at
 WHERE b.hash IS DISTINCT FROM c.hash
UNION ALL
SELECT 'block ' || b.number || ' has ' || coalesce(t.count, 0) || ' transactions, its header says ' || b.transaction_count
  FROM public.blocks b
  LEFT JOIN (SELECT block_number, count(*) FROM public.transactions GROUP BY block_number) AS t ON t.block_number = b.number
 WHERE coalesce(t.count, 0) <> b.transaction_count
UNION ALL
SELECT 'transaction 0x' || encode(hash, 'hex') || ' is there ' || count(*) || ' times'
  FROM public.transactions GROUP BY hash HAVING count(*) > 1
UNION ALL
SELECT 'gas of block ' || b.number || ': its transactions took ' || sum(t.gas_used) || ', its header says ' || b.gas_used
  FROM public.blocks b JOIN public.transactions t ON t.block_number = b.number AND t.mined_at = b.mined_at
 GROUP BY b.number, b.mined_at, b.gas_used
HAVING bool_and(t.gas_used IS NOT NULL) AND sum(t.gas_used) <> b.gas_used
