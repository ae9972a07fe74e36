-- check: Real blocks, to the last digit
-- expect: empty
-- severity: error
-- description: The sample blocks of Ethereum have the values that the network has, and hexadecimal is read exactly (PND-8)
-- remedy: caisson seed
WITH expected (number, hash, transactions, total_difficulty, value) AS (VALUES
    (483920, '246edb4b351d93c27926f4649bcf6c24366e2a7c7c718dc9158eea20c03bc6ae', 4, 2571481026230204460,
     1541220060000000000),
    (17173049, 'aa5ab9bb22d8020d438496a7edb4eff508b1c5128b0dc01fdecf57f96aac1bb3', 116, 58750003716598352816469,
     18399476980059725252),
    (17173050, '5699ffb9477f70ec736463b144614356eb051936da75fcccec73d648f2e91de4', 182, 58750003716598352816469,
     64292531396691358081)
)
SELECT 'block ' || e.number || ': expected ' || e.transactions || ' transactions, ' || e.total_difficulty || ', '
       || e.value || ' wei; found ' || coalesce(f.found, 'nothing') AS finding
  FROM expected e
  LEFT JOIN LATERAL (
       SELECT b.hash, b.total_difficulty, count(t.hash) AS transactions, sum(t.value) AS value,
              count(t.hash) || ' transactions, ' || b.total_difficulty || ', ' || sum(t.value) || ' wei' AS found
         FROM public.blocks b LEFT JOIN public.transactions t ON t.block_number = b.number AND t.mined_at = b.mined_at
        WHERE b.number = e.number GROUP BY b.hash, b.total_difficulty) AS f ON true
 WHERE (encode(f.hash, 'hex'), f.transactions, f.total_difficulty, f.value)
       IS DISTINCT FROM (e.hash, e.transactions::bigint, e.total_difficulty::numeric, e.value::numeric)
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   -- Once the chain at hand is another one, the sample is gone, rightly.
   AND NOT EXISTS (SELECT FROM public.chain_index WHERE number NOT IN (483920, 17173049, 17173050))
UNION ALL
SELECT 'hex_number(''' || q.quantity || ''') is ' || public.hex_number(q.quantity) || ', expected ' || q.number
  FROM (VALUES ('0x0', 0::numeric), ('0x400', 1024), ('0x23afbc5e7b1bb82c', 2571481026230204460),
               ('0x' || repeat('f', 64), 2::numeric ^ 256 - 1)) AS q (quantity, number)
 WHERE public.hex_number(q.quantity) <> q.number
