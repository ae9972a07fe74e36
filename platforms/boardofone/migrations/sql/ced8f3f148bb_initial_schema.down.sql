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
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    bound name;
BEGIN
    FOR bound IN SELECT rolname FROM pg_roles
                  WHERE rolname IN (prefix || '_app', prefix || '_readonly', prefix || '_auditor', prefix || '_advisor')
                    AND to_regclass('alembic_version') IS NOT NULL
    LOOP
        EXECUTE format('GRANT %s ON alembic_version TO %I',
                       CASE WHEN bound = prefix || '_app' THEN 'SELECT, INSERT, UPDATE, DELETE' ELSE 'SELECT' END,
                       bound);
    END LOOP;
END
$$;
