-- Takes the policies away, and with them the rights of everybody whom they bound: the application stands still until
-- they are back, rather than show everybody everything. The service role goes on.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    bound name;
BEGIN
    FOR bound IN SELECT rolname FROM pg_roles
                  WHERE rolname IN (prefix || '_app', prefix || '_readonly', prefix || '_auditor', prefix || '_advisor')
    LOOP
        EXECUTE format('REVOKE ALL ON users, personas, sessions, contributions, votes, audit_log FROM %I', bound);
    END LOOP;
END
$$;

DROP FUNCTION visible_to(uuid);

DROP POLICY audit_log_user_isolation ON audit_log;
-- caisson: lint-ignore disabling-row-security nobody whom the policy bound has a right to the table any more
ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY votes_user_isolation ON votes;
-- caisson: lint-ignore disabling-row-security nobody whom the policy bound has a right to the table any more
ALTER TABLE votes NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY contributions_user_isolation ON contributions;
-- caisson: lint-ignore disabling-row-security nobody whom the policy bound has a right to the table any more
ALTER TABLE contributions NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY sessions_user_isolation ON sessions;
-- caisson: lint-ignore disabling-row-security nobody whom the policy bound has a right to the table any more
ALTER TABLE sessions NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
