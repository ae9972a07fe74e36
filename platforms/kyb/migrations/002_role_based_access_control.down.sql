-- Takes away the roles and everything they let through. Programs fall back to what 001 lets a user see: their own rows.
DROP POLICY audit_logs_admins ON audit_logs;
DROP POLICY external_service_calls_analysts ON external_service_calls;
DROP POLICY compliance_checks_analysts_decide ON compliance_checks;
DROP POLICY compliance_checks_analysts_new ON compliance_checks;
DROP POLICY compliance_checks_analysts ON compliance_checks;
DROP POLICY risk_assessments_analysts_new ON risk_assessments;
DROP POLICY risk_assessments_analysts ON risk_assessments;
DROP POLICY business_classifications_analysts ON business_classifications;
DROP POLICY businesses_analysts_change ON businesses;
ALTER POLICY businesses_own ON businesses
    USING (owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
COMMENT ON POLICY businesses_own ON businesses IS NULL;
DROP FUNCTION search_businesses(text, integer);
DROP VIEW portfolio_summary;
DROP VIEW user_directory;
-- Its policies ask current_user_has(), which reads the table: one of the two has to let go first.
DROP POLICY role_assignments_admins_take ON role_assignments;
DROP POLICY role_assignments_admins_give ON role_assignments;
DROP POLICY role_assignments_admins ON role_assignments;
DROP FUNCTION current_user_has(text);
DROP TABLE role_assignments;
