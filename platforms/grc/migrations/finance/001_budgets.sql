-- caisson: description What compliance costs: budgets, remediation costs, and what the law may ask instead
--
-- Amounts are Saudi riyals (SAR) with halalas. Rows name their organisation and refer to their parents together with
-- it, so that none can speak of another organisation's; policies (002) let members see their own.

CREATE TYPE budget_status AS ENUM ('draft', 'approved', 'closed');
COMMENT ON TYPE budget_status IS 'Life of a budget; only an approved one may be spent.';

CREATE TYPE cost_kind AS ENUM ('estimate', 'commitment', 'actual');
COMMENT ON TYPE cost_kind IS 'estimate: thought; commitment: ordered; actual: paid.';

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true; called only when a row really changes.';

CREATE TABLE organisation_members (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    role_code       text NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT organisation_members_role_code_form CHECK (role_code ~ '^[a-z]+(_[a-z]+)*$')
);
COMMENT ON TABLE organisation_members IS
    'Who sees an organisation''s rows. A copy: the truth is `memberships` in the access-control database, and only '
    'whoever changes it there (the service role) writes here.';
COMMENT ON COLUMN organisation_members.organisation_id IS 'organisations.id of the main database.';
COMMENT ON COLUMN organisation_members.user_id IS 'users.id of the access-control database.';
COMMENT ON COLUMN organisation_members.role_code IS 'roles.code of the access-control database.';
COMMENT ON COLUMN organisation_members.added_at IS 'When this copy was written.';

CREATE INDEX organisation_members_user_id_idx ON organisation_members (user_id);
COMMENT ON INDEX organisation_members_user_id_idx IS
    'Every policy: the organisations of the current user, WHERE user_id = $1.';

CREATE TABLE penalty_limits (
    framework_code   text NOT NULL,
    control_code     text NOT NULL,
    limit_amount     numeric(14, 2) NOT NULL,
    may_be_doubled   boolean NOT NULL,
    description      text NOT NULL,
    PRIMARY KEY (framework_code, control_code),
    CONSTRAINT penalty_limits_amount_positive CHECK (limit_amount > 0)
);
COMMENT ON TABLE penalty_limits IS 'The highest fines that laws provide: what a cost is weighed against.';
COMMENT ON COLUMN penalty_limits.framework_code IS 'frameworks.code of the compliance database.';
COMMENT ON COLUMN penalty_limits.control_code IS 'The article there.';
COMMENT ON COLUMN penalty_limits.limit_amount IS 'The highest fine, in SAR.';
COMMENT ON COLUMN penalty_limits.may_be_doubled IS 'Whether repetition may double it.';
COMMENT ON COLUMN penalty_limits.description IS 'For what.';

CREATE TABLE budgets (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    fiscal_year     bigint NOT NULL,
    title           text NOT NULL,
    total_amount    numeric(14, 2) NOT NULL,
    status          budget_status NOT NULL DEFAULT 'draft',
    approved_by     uuid,
    approved_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budgets_identity UNIQUE (id, organisation_id),
    CONSTRAINT budgets_once_a_year UNIQUE (organisation_id, fiscal_year, title),
    CONSTRAINT budgets_fiscal_year_plausible CHECK (fiscal_year BETWEEN 2000 AND 2100),
    CONSTRAINT budgets_total_amount_positive CHECK (total_amount > 0),
    CONSTRAINT budgets_approval_signed
        CHECK (status = 'draft' OR (approved_by IS NOT NULL AND approved_at IS NOT NULL))
);
COMMENT ON TABLE budgets IS 'What an organisation may spend on compliance in a year.';
COMMENT ON COLUMN budgets.id IS 'Name of the budget.';
COMMENT ON COLUMN budgets.organisation_id IS 'Whose it is: organisations.id of the main database.';
COMMENT ON COLUMN budgets.fiscal_year IS 'The Gregorian year it is for.';
COMMENT ON COLUMN budgets.title IS 'One line.';
COMMENT ON COLUMN budgets.total_amount IS 'All of it, in SAR. Its lines may not add up to more; verification looks.';
COMMENT ON COLUMN budgets.status IS 'Where it stands.';
COMMENT ON COLUMN budgets.approved_by IS 'Who signed: users.id.';
COMMENT ON COLUMN budgets.approved_at IS 'When it was signed.';
COMMENT ON COLUMN budgets.created_at IS 'When the row was made.';
COMMENT ON COLUMN budgets.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT budgets_once_a_year ON budgets IS
    'Budgets of a year: WHERE organisation_id = $1 AND fiscal_year = $2; every policy.';

CREATE TABLE budget_lines (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    budget_id       uuid NOT NULL,
    organisation_id uuid NOT NULL,
    category        text NOT NULL,
    framework_code  text,
    planned_amount  numeric(14, 2) NOT NULL,
    CONSTRAINT budget_lines_identity UNIQUE (id, organisation_id),
    CONSTRAINT budget_lines_budget_fkey FOREIGN KEY (budget_id, organisation_id)
        REFERENCES budgets (id, organisation_id) ON DELETE CASCADE,
    CONSTRAINT budget_lines_once UNIQUE NULLS NOT DISTINCT (budget_id, category, framework_code),
    CONSTRAINT budget_lines_category_known
        CHECK (category IN ('people', 'technology', 'services', 'training', 'audit', 'contingency')),
    CONSTRAINT budget_lines_planned_amount_positive CHECK (planned_amount > 0)
);
COMMENT ON TABLE budget_lines IS 'What a budget is for.';
COMMENT ON COLUMN budget_lines.id IS 'Name of the line.';
COMMENT ON COLUMN budget_lines.budget_id IS 'The budget.';
COMMENT ON COLUMN budget_lines.organisation_id IS 'Whose it is; the same as there.';
COMMENT ON COLUMN budget_lines.category IS 'people, technology, services, training, audit or contingency.';
COMMENT ON COLUMN budget_lines.framework_code IS 'frameworks.code of the compliance database; empty: for all of them.';
COMMENT ON COLUMN budget_lines.planned_amount IS 'In SAR.';

CREATE INDEX budget_lines_budget_idx ON budget_lines (organisation_id, budget_id);
COMMENT ON INDEX budget_lines_budget_idx IS 'Lines of a budget; the foreign key to budgets; every policy.';

CREATE TABLE remediation_costs (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    budget_line_id  uuid NOT NULL,
    action_id       uuid NOT NULL,
    framework_code  text NOT NULL,
    control_code    text NOT NULL,
    kind            cost_kind NOT NULL,
    amount          numeric(14, 2) NOT NULL,
    incurred_on     date NOT NULL,
    supplier        text,
    description     text NOT NULL,
    recorded_by     uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT remediation_costs_line_fkey FOREIGN KEY (budget_line_id, organisation_id)
        REFERENCES budget_lines (id, organisation_id) ON DELETE RESTRICT,
    CONSTRAINT remediation_costs_framework_code_form CHECK (framework_code ~ '^[A-Z0-9]+(-[A-Z0-9.]+)*$'),
    CONSTRAINT remediation_costs_control_code_form CHECK (control_code ~ '^[0-9]+([-.][0-9]+)*$'),
    CONSTRAINT remediation_costs_amount_not_zero CHECK (amount <> 0),
    CONSTRAINT remediation_costs_description_given CHECK (btrim(description) <> '')
);
COMMENT ON TABLE remediation_costs IS
    'What it costs to close a gap. Only added to: a mistake is corrected by a negative amount, and a commitment '
    'that was '
    'paid by its negative beside the actual.';
COMMENT ON COLUMN remediation_costs.id IS 'Name of the entry.';
COMMENT ON COLUMN remediation_costs.organisation_id IS 'Whose it is; the same as the line''s.';
COMMENT ON COLUMN remediation_costs.budget_line_id IS 'The line that bears it.';
COMMENT ON COLUMN remediation_costs.action_id IS 'remediation_actions.id of the compliance database.';
COMMENT ON COLUMN remediation_costs.framework_code IS 'The framework of the control that is mended.';
COMMENT ON COLUMN remediation_costs.control_code IS 'The control.';
COMMENT ON COLUMN remediation_costs.kind IS 'estimate, commitment or actual.';
COMMENT ON COLUMN remediation_costs.amount IS 'In SAR; negative takes back.';
COMMENT ON COLUMN remediation_costs.incurred_on IS 'The day it is booked for.';
COMMENT ON COLUMN remediation_costs.supplier IS 'Who is paid.';
COMMENT ON COLUMN remediation_costs.description IS 'For what.';
COMMENT ON COLUMN remediation_costs.recorded_by IS 'Who wrote it down: users.id.';
COMMENT ON COLUMN remediation_costs.created_at IS 'When the row was made.';

CREATE INDEX remediation_costs_line_idx ON remediation_costs (budget_line_id, organisation_id);
COMMENT ON INDEX remediation_costs_line_idx IS
    'What a line has borne: view budget_position; the foreign key to budget_lines.';
CREATE INDEX remediation_costs_action_id_idx ON remediation_costs (action_id);
COMMENT ON INDEX remediation_costs_action_id_idx IS 'What an action costs: WHERE action_id = $1.';
CREATE INDEX remediation_costs_control_idx ON remediation_costs (organisation_id, framework_code, control_code);
COMMENT ON INDEX remediation_costs_control_idx IS
    'What a control costs: WHERE organisation_id = $1 AND framework_code = $2 AND control_code = $3; view '
    'cost_of_gaps; '
    'every policy.';

CREATE TRIGGER budgets_touch BEFORE UPDATE ON budgets
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- Views run with the rights of whoever asks, so the policies of the tables hold in them.
CREATE VIEW budget_position WITH (security_invoker = true) AS
SELECT budget.organisation_id,
       budget.fiscal_year,
       budget.title,
       budget.status,
       line.category,
       line.framework_code,
       line.planned_amount,
       cost.committed_amount,
       cost.actual_amount,
       line.planned_amount - cost.committed_amount - cost.actual_amount AS free_amount
  FROM budgets AS budget
  JOIN budget_lines AS line ON line.budget_id = budget.id AND line.organisation_id = budget.organisation_id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(c.amount) FILTER (WHERE c.kind = 'commitment'), 0) AS committed_amount,
              coalesce(sum(c.amount) FILTER (WHERE c.kind = 'actual'), 0) AS actual_amount
         FROM remediation_costs AS c
        WHERE c.budget_line_id = line.id AND c.organisation_id = line.organisation_id) AS cost;
COMMENT ON VIEW budget_position IS 'Each line of each budget: planned, ordered, paid, and what is left.';

CREATE VIEW cost_of_gaps WITH (security_invoker = true) AS
SELECT organisation_id,
       framework_code,
       control_code,
       count(DISTINCT action_id) AS actions,
       coalesce(sum(amount) FILTER (WHERE kind = 'estimate'), 0) AS estimated_amount,
       coalesce(sum(amount) FILTER (WHERE kind = 'commitment'), 0) AS committed_amount,
       coalesce(sum(amount) FILTER (WHERE kind = 'actual'), 0) AS actual_amount
  FROM remediation_costs
 GROUP BY organisation_id, framework_code, control_code;
COMMENT ON VIEW cost_of_gaps IS 'What each control costs to mend: thought, ordered, paid.';
