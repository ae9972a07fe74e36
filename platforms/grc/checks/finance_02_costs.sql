-- check: Finance: nothing is spent without approval
-- database: finance
-- expect: empty
-- severity: error
-- description: Orders and payments stand in approved budgets and within their lines; nothing taken back exceeds what
-- description: was given
-- remedy: approve the budget, or correct the entry by a negative one
SELECT b.title || ' ' || b.fiscal_year || ' is a draft, and has orders or payments' AS finding
  FROM public.budgets b
 WHERE b.status = 'draft'
   AND EXISTS (SELECT FROM public.budget_lines l JOIN public.remediation_costs c ON c.budget_line_id = l.id
                WHERE l.budget_id = b.id AND c.kind <> 'estimate')
UNION ALL
SELECT title || ' ' || fiscal_year || ', ' || category || ': ' || -free_amount || ' SAR more than planned'
  FROM public.budget_position WHERE free_amount < 0
UNION ALL
SELECT 'action ' || action_id || ': ' || kind || 's add up to ' || sum(amount)
  FROM public.remediation_costs GROUP BY action_id, kind HAVING sum(amount) < 0
