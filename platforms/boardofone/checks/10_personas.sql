-- check: Personas
-- expect: empty
-- severity: error
-- description: The five whom the document names are they; every prompt is its own, and long enough to be one (BO1-4)
-- remedy: caisson seed --overwrite personas
WITH named (code, name, expertise) AS (VALUES
    ('ai_architect', 'Dr. Yuki Tanaka', 'AI/ML Systems'),
    ('angel_investor', 'James Park', 'Early-stage Funding'),
    ('bi_strategist', 'Emma Clark', 'Business Intelligence'),
    ('bootstrap_advisor', 'Aisha Thompson', 'Capital-efficient Growth'),
    ('community_builder', 'Noor Al-Farsi', 'Community Engagement')
)
SELECT named.code || ': expected ' || named.name || ' (' || named.expertise || '), found '
       || coalesce(p.name || ' (' || p.expertise || ')', 'nobody') AS finding
  FROM named LEFT JOIN public.personas p USING (code)
 WHERE (p.name, p.expertise) IS DISTINCT FROM (named.name, named.expertise)
UNION ALL
SELECT code || ': a prompt of ' || length(system_prompt) || ' characters makes no expert, expected 300 or more'
  FROM public.personas WHERE length(system_prompt) < 300
UNION ALL
SELECT code || ': the prompt does not name ' || name FROM public.personas
 WHERE strpos(system_prompt, regexp_replace(name, '^(Dr|Prof)\. ', '')) = 0
UNION ALL
SELECT string_agg(code, ', ' ORDER BY code) || ' have the same prompt'
  FROM public.personas GROUP BY system_prompt HAVING count(*) > 1
