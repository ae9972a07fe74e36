-- check: Main: sample organisations
-- database: main
-- expect: empty
-- severity: error
-- description: Three organisations with their frameworks, policies and risks (GRC-5); no organisation without a member
-- remedy: caisson seed; an organisation without members needs one in auth and its copy here
WITH sample (slug, frameworks) AS (VALUES
    ('najd-bank', 3), ('tihama-water', 2), ('wadi-health', 2)
)
SELECT 'organisation ' || sample.slug || ' is missing, or lacks frameworks, policies, risks or members' AS finding
  FROM sample
 WHERE coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT EXISTS (
       SELECT FROM public.organisations o
        WHERE o.slug = sample.slug
          AND (SELECT count(*) FROM public.organisation_frameworks f WHERE f.organisation_id = o.id)
              >= sample.frameworks
          AND EXISTS (SELECT FROM public.policies p WHERE p.organisation_id = o.id)
          AND EXISTS (SELECT FROM public.risks r WHERE r.organisation_id = o.id)
          AND EXISTS (SELECT FROM public.organisation_members m WHERE m.organisation_id = o.id))
UNION ALL
SELECT 'organisation ' || slug || ' can be seen by nobody: it has no member' FROM public.organisations o
 WHERE is_active AND NOT EXISTS (SELECT FROM public.organisation_members m WHERE m.organisation_id = o.id)
