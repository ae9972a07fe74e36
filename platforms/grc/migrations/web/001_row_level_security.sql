-- caisson: description Rows of an organisation are seen by its members alone, and by nobody where nobody is named
--
-- Who acts is said for each transaction: SELECT set_config('app.current_user_id', $1, true). Empty or absent, it is
-- nobody, and nobody sees anything. FORCE holds for the owner of the tables, too; only the roles _service and _backup
-- pass, by design.

CREATE FUNCTION my_organisations() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT member.organisation_id FROM public.organisation_members AS member
     WHERE member.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
);
COMMENT ON FUNCTION my_organisations() IS
    'The organisations of the current user. Policies ask in a subquery of its own, once for each statement, so that '
    'indexes on organisation_id are used.';

ALTER TABLE organisation_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisation_members FORCE ROW LEVEL SECURITY;
CREATE POLICY organisation_members_own ON organisation_members
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
COMMENT ON POLICY organisation_members_own ON organisation_members IS
    'One''s own memberships. Colleagues are asked of the access-control database.';

ALTER TABLE organisations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisations FORCE ROW LEVEL SECURITY;
CREATE POLICY organisations_isolation ON organisations
    USING (id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE organisation_frameworks ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisation_frameworks FORCE ROW LEVEL SECURITY;
CREATE POLICY organisation_frameworks_isolation ON organisation_frameworks
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;
CREATE POLICY policies_isolation ON policies
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE policy_controls ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_controls FORCE ROW LEVEL SECURITY;
CREATE POLICY policy_controls_isolation ON policy_controls
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE risks ENABLE ROW LEVEL SECURITY;
ALTER TABLE risks FORCE ROW LEVEL SECURITY;
CREATE POLICY risks_isolation ON risks
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

ALTER TABLE risk_treatments ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_treatments FORCE ROW LEVEL SECURITY;
CREATE POLICY risk_treatments_isolation ON risk_treatments
    USING (organisation_id = ANY ((SELECT my_organisations())::uuid[]));

-- Roles and their usual privileges come from provisioning; here stands only what is special to a table. Under plain
-- psql the roles may not exist, and there is nothing to take away then.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.organisations'::regclass);
    application CONSTANT name := prefix || '_app';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        -- Who could make himself a member would see everything.
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON organisation_members FROM %I', application);
        -- Organisations come aboard and leave by the service role; what they have laid down stays on record.
        EXECUTE format('REVOKE INSERT, DELETE ON organisations FROM %I', application);
        EXECUTE format('REVOKE DELETE ON policies, risks FROM %I', application);
    END IF;
END
$$;
