-- caisson: description One sees oneself and one's colleagues; credentials are for the service role alone
--
-- As in the main database: SELECT set_config('app.current_user_id', $1, true) says who acts, nobody sees nothing, and
-- only the roles _service and _backup pass. A file of its own: a database that had the tables before us is marked up to
-- 001 (`migrate baseline`), and still gets its policies.

-- With the owner's rights: the policy of memberships asks this function, and it asks memberships. As the user it would
-- go round in circles. Therefore no FORCE on memberships: for the owner no policy holds there.
CREATE FUNCTION my_organisations() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
RETURN ARRAY(
    SELECT member.organisation_id FROM public.memberships AS member
     WHERE member.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
);
COMMENT ON FUNCTION my_organisations() IS
    'The organisations of the current user. Policies ask in a subquery of its own, once for each statement, so that '
    'indexes are used.';

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
CREATE POLICY memberships_isolation ON memberships
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
-- The inner query sees the memberships of the user's own organisations, by the policy above.
CREATE POLICY users_colleagues ON users FOR SELECT
    USING (id = ANY (ARRAY(SELECT member.user_id FROM memberships AS member)));
CREATE POLICY users_own ON users
    USING (id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

ALTER TABLE user_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_credentials FORCE ROW LEVEL SECURITY;

ALTER TABLE sign_in_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_events FORCE ROW LEVEL SECURITY;
CREATE POLICY sign_in_events_own ON sign_in_events
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

-- Asked before something is done: SELECT may('assessments.approve', $1).
CREATE FUNCTION may(permission text, organisation uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM public.memberships AS member
      JOIN public.role_permissions AS allowed ON allowed.role_code = member.role_code
      JOIN public.users AS account ON account.id = member.user_id AND account.is_active
     WHERE member.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
       AND member.organisation_id = organisation
       AND allowed.permission_code = permission
);
COMMENT ON FUNCTION may(text, uuid) IS 'Whether the current user may do this in this organisation.';

-- Roles and their usual privileges come from provisioning; here stands only what is special to a table. Under plain
-- psql the roles may not exist, and there is nothing to take away then.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.users'::regclass);
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('REVOKE ALL ON user_credentials FROM %I', prefix || '_' || suffix);
        CONTINUE WHEN suffix <> 'app';
        -- Who could give himself a role would be anything. Accounts and memberships are made by the service role.
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON roles, permissions, role_permissions, memberships, users, '
                       'sign_in_events FROM %I', prefix || '_' || suffix);
        EXECUTE format('GRANT UPDATE (full_name, locale) ON users TO %I', prefix || '_' || suffix);
    END LOOP;
END
$$;
