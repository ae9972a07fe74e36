-- Takes away what ced8f3f148bb_initial_schema.sql made, and everything in it. Not CASCADE: what others built on it
-- stops the way back.
DROP FUNCTION own_account();
DROP TABLE audit_log;
DROP TABLE votes;
DROP TABLE contributions;
DROP TABLE sessions;
DROP TABLE personas;
DROP TABLE users;
