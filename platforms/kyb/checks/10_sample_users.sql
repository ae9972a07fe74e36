-- check: Users and roles
-- expect: empty
-- severity: error
-- description: The admin, test and analyst users of the sample data have their roles and no others (KYB-3)
-- remedy: caisson seed
WITH named (email, role) AS (VALUES
    ('admin@kyb.example', 'admin'), ('test@kyb.example', 'user'), ('analyst@kyb.example', 'analyst')
), found AS (
    SELECT named.email, named.role, u.id,
           (SELECT string_agg(a.role, ', ' ORDER BY a.role) FROM public.role_assignments a
             WHERE a.user_id = u.id AND a.assigned_at <= now() AND a.revoked_at IS NULL
               AND (a.expires_at IS NULL OR a.expires_at > now())) AS roles
      FROM named LEFT JOIN public.users u ON lower(u.email) = named.email
)
SELECT email || ': expected role ' || role || ', found '
       || CASE WHEN id IS NULL THEN 'no account' ELSE coalesce(roles, 'none') END AS finding
  FROM found
 WHERE roles IS DISTINCT FROM role
   AND NOT EXISTS (SELECT FROM public.role_assignments a  -- Somebody gave or took a role since.
                    WHERE a.user_id = found.id AND greatest(a.assigned_at, a.revoked_at) > '2026-03-03')
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
