-- check: Somebody can give roles
-- expect: empty
-- severity: warning
-- description: As soon as there are active accounts, one of them is an admin
-- remedy: as service: INSERT INTO role_assignments (user_id, role, reason) VALUES (…, 'admin', '…')
SELECT 'no active account is an admin: nobody can give or take a role' AS finding
 WHERE EXISTS (SELECT FROM public.users WHERE status = 'active')
   AND NOT EXISTS (SELECT FROM public.role_assignments a JOIN public.users u ON u.id = a.user_id
                    WHERE a.role = 'admin' AND u.status = 'active' AND a.revoked_at IS NULL
                      AND (a.expires_at IS NULL OR a.expires_at > now()))

-- check: Nothing is left to those who left
-- expect: empty
-- severity: warning
-- description: Accounts that are suspended or closed have no key and no role any more
-- remedy: revoke what is named: set revoked_at (of a role also revoked_by), and write it into audit_logs
SELECT 'API key ' || k.id || ' of a ' || u.status || ' account is not revoked' AS finding
  FROM public.users u JOIN public.api_keys k ON k.user_id = u.id
 WHERE u.status IN ('suspended', 'closed') AND k.revoked_at IS NULL
   AND (k.expires_at IS NULL OR k.expires_at > now())
UNION ALL
SELECT 'role ' || a.role || ' of the ' || u.status || ' account ' || u.id || ' is not revoked'
  FROM public.users u JOIN public.role_assignments a ON a.user_id = u.id
 WHERE u.status IN ('suspended', 'closed') AND a.revoked_at IS NULL
   AND (a.expires_at IS NULL OR a.expires_at > now())
