-- check: Finance: nothing is planned twice
-- database: finance
-- expect: empty
-- severity: error
-- description: The lines of a budget add up to no more than the budget
-- remedy: raise the budget, which needs a new approval, or lower a line
SELECT b.title || ' ' || b.fiscal_year || ': lines of ' || sum(l.planned_amount) || ' SAR in a budget of '
       || b.total_amount AS finding
  FROM public.budgets b JOIN public.budget_lines l ON l.budget_id = b.id
 GROUP BY b.id, b.title, b.fiscal_year, b.total_amount
HAVING sum(l.planned_amount) > b.total_amount
