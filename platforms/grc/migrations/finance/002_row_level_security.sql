-- caisson: description Budgets are seen by members of their organisation alone; costs are only added to
--
-- As in the main database: SELECT set_config('app.current_user_id', $1, true) says who acts, nobody sees nothing, and
-- only the roles _service and _backup pass. A file of its own: a database that had the tables before us is marked up to
-- 001 (`migrate baseline`), and still gets its policies.

CREATE FUNCTION my_organisations() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT member.organisation_id FROM public.organisation_members AS member
     WHERE member.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
);
COMMENT ON FUNCTION my_organisations() IS
    'The organisations of the current user. Policies ask in a subquery of its own, once for each statement, so that '
    'indexes on organisation_id are used.';

ALTER TABLE organisation_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisation_members FORCE ROW LEVEL SECURITY;
CREATE POLICY organisation_members_own ON organisation_members
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

ALTER TABLE budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE budgets FORCE ROW LEVEL SECURITY;
CREATE POLICY budgets_isolation ON budgets
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE budget_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE budget_lines FORCE ROW LEVEL SECURITY;
CREATE POLICY budget_lines_isolation ON budget_lines
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE remediation_costs ENABLE ROW LEVEL SECURITY;
ALTER TABLE remediation_costs FORCE ROW LEVEL SECURITY;
CREATE POLICY remediation_costs_isolation ON remediation_costs
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

-- Roles and their usual privileges come from provisioning; here stands only what is special to a table. Under plain
-- psql the roles may not exist, and there is nothing to take away then.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.budgets'::regclass);
    application CONSTANT name := prefix || '_app';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON penalty_limits, organisation_members FROM %I', application);
        EXECUTE format('REVOKE UPDATE, DELETE ON remediation_costs FROM %I', application);
        EXECUTE format('REVOKE DELETE ON budgets FROM %I', application);
    END IF;
END
$$;
