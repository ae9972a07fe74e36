-- Takes away budgets and costs.
DROP VIEW cost_of_gaps;
DROP VIEW budget_position;
DROP TABLE remediation_costs;
DROP TABLE budget_lines;
DROP TABLE budgets;
DROP TABLE penalty_limits;
DROP TABLE organisation_members;
DROP FUNCTION touch_updated_at();
DROP TYPE cost_kind;
DROP TYPE budget_status;
