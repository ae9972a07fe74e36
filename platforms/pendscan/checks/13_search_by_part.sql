-- check: A number is found by its parts
-- expect: empty
-- severity: error
-- description: Everybody with a number is found by 3 to 8 digits from its front and 4 to 6 from its back; the sample by HMAC (PND-7)
-- remedy: compute the tokens of the person anew; caisson seed for the sample
WITH sample_key (key) AS (  -- Published in seeds/sample/NOTICE: it guards nobody.
    SELECT sha256('pendscan sample index key')
), asked (relation, text, people) AS (VALUES
    ('pii.phone_prefixes', 'prefix:447700', 9), ('pii.phone_prefixes', 'prefix:1202555', 3),
    ('pii.phone_suffixes', 'suffix:0118', 1), ('pii.phone_suffixes', 'suffix:900171', 1)
), token AS (
    SELECT asked.*, public.hmac(convert_to(asked.text, 'UTF8'), sample_key.key, 'sha256') AS token
      FROM asked CROSS JOIN sample_key
), found AS (
    SELECT token.text, token.people,
           CASE relation WHEN 'pii.phone_prefixes' THEN (SELECT count(*) FROM pii.phone_prefixes x WHERE x.token = token.token)
                         ELSE (SELECT count(*) FROM pii.phone_suffixes x WHERE x.token = token.token) END AS count
      FROM token
)
SELECT text || ' finds ' || count || ' people, expected at least ' || people AS finding
  FROM found
 WHERE count < people AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT EXISTS (SELECT FROM pii.people WHERE erased_at IS NOT NULL)  -- Who is erased is not found, rightly.
UNION ALL
SELECT 'person ' || p.user_id || ' has a number, ' || f.count || ' tokens of its front and ' || b.count
       || ' of its back, expected 6 and 3'
  FROM pii.people p
 CROSS JOIN LATERAL (SELECT count(*) FROM pii.phone_prefixes x WHERE x.user_id = p.user_id) AS f
 CROSS JOIN LATERAL (SELECT count(*) FROM pii.phone_suffixes x WHERE x.user_id = p.user_id) AS b
 WHERE p.phone_hmac IS NOT NULL AND (f.count, b.count) <> (6, 3)
