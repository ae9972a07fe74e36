-- caisson: description Users see and write what is theirs and nothing else (BO1-3)
--
-- Whoever works for a user says so: set_config('app.current_user_id', '<uuid>', true), which ends with the transaction.
-- Unset or empty, it is nobody, who sees nothing; what is no uuid is an error. Administrators come as the service role,
-- which policies do not bind (BYPASSRLS).
-- FORCE binds the owner as well, because migrations, and whoever borrows their role, work as the owner.
-- The setting is read in a sub-select, once for each statement, so that an index can be asked for it. For the same
-- reason the user's sessions are an array: what is IN a sub-select is compared with every row of the table.

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sessions_user_isolation ON sessions
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
COMMENT ON POLICY sessions_user_isolation ON sessions IS 'Users have their own sessions; idx_sessions_user_id.';

ALTER TABLE contributions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contributions_user_isolation ON contributions
    USING (session_id = ANY (ARRAY(
        SELECT id FROM sessions
         WHERE user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))))
    WITH CHECK (session_id = ANY (ARRAY(
        SELECT id FROM sessions
         WHERE user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))));
COMMENT ON POLICY contributions_user_isolation ON contributions IS
    'Users have the contributions to their own sessions; idx_sessions_user_id, then idx_contributions_session_id.';

ALTER TABLE votes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY votes_user_isolation ON votes
    USING (session_id = ANY (ARRAY(
        SELECT id FROM sessions
         WHERE user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))))
    WITH CHECK (session_id = ANY (ARRAY(
        SELECT id FROM sessions
         WHERE user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))));
COMMENT ON POLICY votes_user_isolation ON votes IS
    'Users have the votes of their own sessions; idx_sessions_user_id, then idx_votes_session_id.';

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_log_user_isolation ON audit_log
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
COMMENT ON POLICY audit_log_user_isolation ON audit_log IS
    'Users see what they did, and can sign for nobody else; idx_audit_log_user_id.';

-- What the policies let a user see, asked of the policies themselves: the function works as the owner, whom FORCE binds
-- as it binds the application. Checks compare it with whose the rows really are.
CREATE FUNCTION visible_to(account uuid) RETURNS TABLE (relation text, id text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET row_security = on AS $$
DECLARE
    before CONSTANT text := current_setting('app.current_user_id', true);
BEGIN
    PERFORM set_config('app.current_user_id', account::text, true);  -- NULL is as good as empty.
    RETURN QUERY
        SELECT 'sessions', s.id::text FROM public.sessions s
        UNION ALL SELECT 'contributions', c.id::text FROM public.contributions c
        UNION ALL SELECT 'votes', v.id::text FROM public.votes v
        UNION ALL SELECT 'audit_log', l.id::text FROM public.audit_log l;
    PERFORM set_config('app.current_user_id', before, true);
END
$$;
COMMENT ON FUNCTION visible_to(uuid) IS
    'Keys of the rows that the policies show to a user; none for NULL. For checks, and for the service role alone.';
REVOKE ALL ON FUNCTION visible_to(uuid) FROM PUBLIC;

-- The previous revision closed the tables; under the policies they open. Whoever is bound reads. The application works
-- on sessions and deletes them, with all that belongs to them. To what was said, voted and logged it only adds; the
-- moment of an entry of the audit log is the database's to say.
-- They are closed once more first: in a database that Alembic made, roles and their usual rights came after the tables.
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
        EXECUTE format('REVOKE ALL ON SEQUENCE personas_id_seq, contributions_id_seq, votes_id_seq, audit_log_id_seq '
                       'FROM %I', bound);
        EXECUTE format('REVOKE ALL ON FUNCTION visible_to(uuid) FROM %I', bound);
        EXECUTE format('GRANT SELECT ON personas, sessions, contributions, votes, audit_log TO %I', bound);
        IF bound = prefix || '_app' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON sessions TO %I', bound);
            EXECUTE format('GRANT INSERT ON contributions, votes TO %I', bound);
            EXECUTE format('GRANT INSERT (user_id, action, resource_type, resource_id, details) ON audit_log TO %I',
                           bound);
        ELSE
            EXECUTE format('GRANT SELECT ON users TO %I', bound);
        END IF;
    END LOOP;
END
$$;
