-- The way back of `governance`.
DROP TABLE policy_controls;
DROP TABLE policies;
DROP TYPE policy_status;
