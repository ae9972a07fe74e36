-- Takes away what 001_initial_schema.sql made, and everything in it. Extensions stay: they are not ours to remove.
DROP VIEW compliance_summary;
DROP VIEW high_risk_entities;
DROP VIEW pending_approvals;
DROP TABLE audit_logs;
DROP TABLE decision_vectors;
DROP TABLE compliance_checks;
DROP TABLE compliance_rules;
DROP TABLE aml_checks;
DROP TABLE kyc_checks;
DROP TABLE users;
DROP FUNCTION touch_updated_at();
DROP TYPE check_status;
