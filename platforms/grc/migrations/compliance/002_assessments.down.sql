-- Takes away the assessments and everything in them.
DROP VIEW open_gaps;
DROP VIEW carried_over;
DROP VIEW posture;
DROP TABLE remediation_actions;
DROP TABLE evidence;
DROP TABLE assessment_results;
DROP TABLE assessments;
DROP TABLE organisation_members;
DROP FUNCTION touch_updated_at();
DROP TYPE implementation;
DROP TYPE assessment_status;
