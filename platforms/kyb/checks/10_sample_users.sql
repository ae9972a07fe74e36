-- check: Users and roles
-- expect: empty
-- severity: error
-- description: The admin, test and analyst users of the sample data have their roles and no others (KYB-3)
-- remedy: caisson seed; a role that somebody gave or took on purpose needs its entry role.… in audit_logs
WITH named (email, role) AS (VALUES
    ('admin@kyb.example', 'admin'), ('test@kyb.example', 'user'), ('analyst@kyb.example', 'analyst')
), found AS (
    SELECT named.email, named.role, u.id,
           (SELECT string_agg(a.role, ', ' ORDER BY a.role) FROM public.role_assignments a
             WHERE a.user_id = u.id AND a.assigned_at <= now() AND a.revoked_at IS NULL
               AND (a.expires_at IS NULL OR a.expires_at > now())) AS roles
      FROM named LEFT JOIN public.users u ON lower(u.email) = named.email AND u.status = 'active'
)
SELECT email || ': expected role ' || role || ', found ' || CASE WHEN id IS NULL THEN 'no active account'
       ELSE coalesce(roles, 'none') END AS finding
  FROM found
 WHERE roles IS DISTINCT FROM role
   AND NOT EXISTS (SELECT FROM public.audit_logs l  -- Somebody's work, as the audit trail says.
                    WHERE l.action IN ('role.assigned', 'role.revoked', 'user.suspended', 'user.closed')
                      AND l.details ->> 'user_id' = found.id::text AND l.occurred_at > '2026-03-03')
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
