-- Takes away the policies: what is left is seen by every role with a grant.
-- caisson: lint-ignore-file disabling-row-security it undoes the file that switched it on
DROP FUNCTION may(text, uuid);
DROP POLICY sign_in_events_own ON sign_in_events;
ALTER TABLE sign_in_events NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
ALTER TABLE user_credentials NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY users_own ON users;
DROP POLICY users_colleagues ON users;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY memberships_isolation ON memberships;
ALTER TABLE memberships DISABLE ROW LEVEL SECURITY;
DROP FUNCTION my_organisations();

-- The roles get back what provisioning gives on every table.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.users'::regclass);
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('GRANT SELECT ON user_credentials TO %I', prefix || '_' || suffix);
        CONTINUE WHEN suffix <> 'app';
        EXECUTE format('REVOKE UPDATE (full_name, locale) ON users FROM %I', prefix || '_' || suffix);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', prefix || '_' || suffix);
    END LOOP;
END
$$;
