-- check: Auth: roles and permissions
-- database: auth
-- expect: empty
-- severity: error
-- description: Seven roles, each with permissions; every permission has a role; an auditor only reads
-- remedy: caisson seed --set reference
WITH expected (code) AS (VALUES
    ('administrator'), ('compliance_manager'), ('assessor'), ('risk_owner'), ('finance_officer'), ('executive'),
    ('auditor')
)
SELECT 'role ' || code || ' is missing' AS finding FROM expected WHERE code NOT IN (SELECT code FROM public.roles)
UNION ALL
SELECT 'role ' || code || ' may nothing' FROM public.roles
 WHERE code NOT IN (SELECT role_code FROM public.role_permissions)
UNION ALL
SELECT 'nobody has the permission ' || code FROM public.permissions
 WHERE code NOT IN (SELECT permission_code FROM public.role_permissions)
UNION ALL
SELECT 'an auditor may ' || permission_code FROM public.role_permissions
 WHERE role_code = 'auditor' AND permission_code NOT LIKE '%.read'
