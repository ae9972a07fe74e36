-- check: Auth: segregation of duties
-- database: auth
-- expect: empty
-- severity: error
-- description: No role both prepares and approves, or lets people in and decides (ECC 2-2-3)
-- remedy: take one of the two from the role
WITH apart (one, other) AS (VALUES
    ('assessments.write', 'assessments.approve'), ('policies.write', 'policies.approve'),
    ('budgets.write', 'budgets.approve'), ('risks.write', 'risks.accept'),
    ('members.write', 'assessments.approve'), ('members.write', 'budgets.approve'), ('members.write', 'risks.accept')
)
SELECT 'role ' || a.role_code || ' may both ' || a.permission_code || ' and ' || b.permission_code AS finding
  FROM apart
  JOIN public.role_permissions a ON a.permission_code = apart.one
  JOIN public.role_permissions b ON b.permission_code = apart.other AND b.role_code = a.role_code
