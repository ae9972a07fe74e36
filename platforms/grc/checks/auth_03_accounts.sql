-- check: Auth: accounts
-- database: auth
-- expect: empty
-- severity: error
-- description: Closed accounts have no memberships, every organisation has somebody who decides, every active
-- description: account is somewhere
-- remedy: remove the membership; appoint a compliance manager; close the account
SELECT 'closed account ' || u.email || ' is still a member' AS finding
  FROM public.users u WHERE NOT u.is_active AND EXISTS (SELECT FROM public.memberships m WHERE m.user_id = u.id)
UNION ALL
SELECT 'organisation ' || organisation_id || ' has no compliance manager' FROM public.memberships
 GROUP BY organisation_id HAVING count(*) FILTER (WHERE role_code = 'compliance_manager') = 0
UNION ALL
SELECT 'active account ' || u.email || ' belongs nowhere'
  FROM public.users u WHERE u.is_active AND NOT EXISTS (SELECT FROM public.memberships m WHERE m.user_id = u.id)
