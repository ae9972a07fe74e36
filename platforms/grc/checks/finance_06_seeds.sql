-- check: Finance: sample budgets
-- database: finance
-- expect: empty
-- severity: error
-- description: Approved budgets of three organisations, with estimates, orders and payments; somebody sees each
-- remedy: caisson seed
SELECT 'approved budgets of ' || count(DISTINCT organisation_id) || ' organisations, expected 3 or more' AS finding
  FROM public.budgets WHERE status = 'approved'
HAVING count(DISTINCT organisation_id) < 3 AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
UNION ALL
SELECT 'no remediation cost is ' || kind FROM unnest(enum_range(NULL::public.cost_kind)) AS kind
 WHERE coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
   AND NOT EXISTS (SELECT FROM public.remediation_costs c WHERE c.kind = kind.kind)
UNION ALL
SELECT 'budget ' || b.title || ' can be seen by nobody: its organisation has no member' FROM public.budgets b
 WHERE NOT EXISTS (SELECT FROM public.organisation_members m WHERE m.organisation_id = b.organisation_id)
