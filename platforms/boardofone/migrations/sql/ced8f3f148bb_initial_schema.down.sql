-- Takes away what ced8f3f148bb_initial_schema.sql made, and everything in it. Not CASCADE: what others built on it
-- stops the way back.
DROP FUNCTION own_account();
DROP TABLE audit_log;
DROP TABLE votes;
DROP TABLE contributions;
DROP TABLE sessions;
DROP TABLE personas;
DROP TABLE users;

-- The history stays, with the rights that provisioning gave on it.
DO $$
DECLARE
    application CONSTANT name := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END || '_app'
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
BEGIN
    IF to_regclass('alembic_version') IS NOT NULL AND EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON alembic_version TO %I', application);
    END IF;
END
$$;
