-- check: Auth: sample accounts
-- database: auth
-- expect: empty
-- severity: error
-- description: Accounts of three organisations in every role; where samples do not belong, none of them can sign in
-- remedy: caisson seed
SELECT 'nobody is ' || code AS finding FROM public.roles
 WHERE coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND code NOT IN (SELECT role_code FROM public.memberships)
UNION ALL
SELECT 'memberships in ' || count(DISTINCT organisation_id) || ' organisations, expected 3 or more'
  FROM public.memberships
HAVING count(DISTINCT organisation_id) < 3 AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
UNION ALL  -- An address of RFC 2606 receives no mail: whoever knows its password came in by a seed.
SELECT 'sample account ' || u.email || ' has a password' FROM public.users u
 WHERE u.email LIKE '%.example' AND EXISTS (SELECT FROM public.user_credentials c WHERE c.user_id = u.id)
   AND current_setting('caisson.sample_seeds', true) = 'off'
