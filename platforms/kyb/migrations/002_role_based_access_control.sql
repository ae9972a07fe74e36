-- caisson: description Roles for a time, and what they let somebody see and do (KYB-1)
--
-- Everybody with an account is a user and works on their own businesses (001). An analyst works on everybody's:
-- classifies, assesses, reviews. An admin may do that too, gives roles and takes them. A role is given for a time or
-- until it is revoked, by somebody else, for a reason; the rows are the record of it and stay.
--
-- The policies here only add to what 001 lets through, so programs that know nothing of roles go on working.
-- PostgreSQL joins policies by OR, and an index cannot serve "mine, or I am an analyst". Of a million businesses that
-- matters (KYB-9): there it is one policy with a range of owners, which for a user begins and ends with themselves. What
-- hangs on a business is asked for with business_id = $1.

-- ----------------------------------------------------------------------------------------- role_assignments
CREATE TABLE role_assignments (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    role        text NOT NULL,
    reason      text NOT NULL,
    assigned_by uuid REFERENCES users (id) ON DELETE RESTRICT,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    revoked_by  uuid REFERENCES users (id) ON DELETE RESTRICT,
    revoked_at  timestamptz,
    CONSTRAINT role_assignments_role_known CHECK (role IN ('user', 'analyst', 'admin')),
    CONSTRAINT role_assignments_reason_given CHECK (btrim(reason) <> ''),
    CONSTRAINT role_assignments_not_by_oneself CHECK (assigned_by <> user_id),
    CONSTRAINT role_assignments_expires_after CHECK (expires_at > assigned_at),
    CONSTRAINT role_assignments_revoked_after CHECK (revoked_at >= assigned_at),
    CONSTRAINT role_assignments_revocation_signed CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CONSTRAINT role_assignments_once_at_a_time EXCLUDE USING gist (
        user_id WITH =, role WITH =, tstzrange(assigned_at, least(expires_at, revoked_at)) WITH &&)
);
COMMENT ON TABLE role_assignments IS
    'Who has or had which role, since when, until when, from whom and why. Revoked, never deleted.';
COMMENT ON COLUMN role_assignments.id IS 'Name of the assignment.';
COMMENT ON COLUMN role_assignments.user_id IS 'Who has the role.';
COMMENT ON COLUMN role_assignments.role IS
    'user, analyst (sees and works on every business) or admin (gives roles, too).';
COMMENT ON COLUMN role_assignments.reason IS 'Why it was given.';
COMMENT ON COLUMN role_assignments.assigned_by IS
    'Who gave it; empty when it came with the account or the installation.';
COMMENT ON COLUMN role_assignments.assigned_at IS 'Since when it counts.';
COMMENT ON COLUMN role_assignments.expires_at IS 'When it ends by itself; empty: never.';
COMMENT ON COLUMN role_assignments.revoked_by IS 'Who took it.';
COMMENT ON COLUMN role_assignments.revoked_at IS 'When it was taken.';
COMMENT ON CONSTRAINT role_assignments_once_at_a_time ON role_assignments IS
    'Nobody has the same role twice at a time; after it has ended it can be given again.';

CREATE INDEX role_assignments_user_idx ON role_assignments (user_id, role)
    INCLUDE (assigned_at, expires_at, revoked_at);
COMMENT ON INDEX role_assignments_user_idx IS
    'Has a user the role now, from the index alone: WHERE user_id = $1 AND role = ANY ($2); current_user_has(); the '
    'foreign key.';
CREATE INDEX role_assignments_assigned_by_idx ON role_assignments (assigned_by) WHERE assigned_by IS NOT NULL;
COMMENT ON INDEX role_assignments_assigned_by_idx IS 'Roles that an admin gave; the foreign key to users.';
CREATE INDEX role_assignments_revoked_by_idx ON role_assignments (revoked_by) WHERE revoked_by IS NOT NULL;
COMMENT ON INDEX role_assignments_revoked_by_idx IS 'Roles that an admin took; the foreign key to users.';

-- ---------------------------------------------------------------------------------------- who has which role
-- As the owner: the policy of role_assignments asks it, too, and would go in a circle.
CREATE FUNCTION current_user_has(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    -- Asked with nearly every statement: PL/pgSQL keeps the plan, where SQL makes it each time.
    RETURN EXISTS (
        SELECT FROM public.role_assignments AS a JOIN public.users AS u ON u.id = a.user_id
         WHERE a.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid
           AND a.role = ANY (CASE wanted WHEN 'user' THEN ARRAY['user', 'analyst', 'admin']
                                         WHEN 'analyst' THEN ARRAY['analyst', 'admin']
                                         WHEN 'admin' THEN ARRAY['admin'] END)
           AND a.assigned_at <= now() AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > now())
           AND u.status = 'active');
END;
$$;
COMMENT ON FUNCTION current_user_has(text) IS
    'Has the user on whose behalf this session works the role, or a higher one, at this moment? No user has none.';

-- The one way to see other people: names and roles, no secrets. As its owner, so the conditions are its own.
CREATE VIEW user_directory WITH (security_barrier = true) AS
SELECT u.id, u.email, u.full_name, u.company, u.status, u.last_sign_in_at, u.created_at,
       ARRAY(SELECT a.role FROM role_assignments AS a
              WHERE a.user_id = u.id AND a.assigned_at <= now() AND a.revoked_at IS NULL
                AND (a.expires_at IS NULL OR a.expires_at > now()) ORDER BY a.role) AS roles
  FROM users AS u
 WHERE u.id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
    OR (SELECT current_user_has('analyst'));
COMMENT ON VIEW user_directory IS
    'Accounts with the roles they have now: all for analysts and admins, else one''s own.';

-- How the whole portfolio stands. It names nobody, so it may count everything; for the role reporting and the auditor.
CREATE VIEW portfolio_summary WITH (security_barrier = true) AS
SELECT jurisdiction, risk_level, compliance_status, count(*) AS businesses
  FROM businesses
 GROUP BY jurisdiction, risk_level, compliance_status;
COMMENT ON VIEW portfolio_summary IS 'Businesses of all owners by jurisdiction, risk level and compliance state.';

-- Names are searched by trigrams, and no operator of theirs is leakproof: under a policy the whole table would be
-- read. So this searches as the owner, and lets through what the policies would. An analyst's search goes by the index
-- of names, a user's through their own businesses. A word that stands in every other name would give more than anybody
-- reads: a thousand candidates are enough.
CREATE FUNCTION search_businesses(words text, at_most integer DEFAULT 20)
RETURNS TABLE (id uuid, owner_id uuid, legal_name text, trading_name text, jurisdiction text, registration_number text,
               risk_level text, compliance_status text, likeness real)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT c.id, c.owner_id, c.legal_name, c.trading_name, c.jurisdiction, c.registration_number, c.risk_level,
           c.compliance_status, word_similarity(lower(words), c.search_name) AS likeness
      FROM ((SELECT b.* FROM public.businesses AS b
              WHERE (SELECT current_user_has('analyst')) AND b.search_name %> lower(words) LIMIT 1000)
            UNION ALL
            (SELECT b.* FROM public.businesses AS b
              WHERE NOT (SELECT current_user_has('analyst')) AND b.search_name %> lower(words)
                AND b.owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid) LIMIT 1000)
           ) AS c
     ORDER BY likeness DESC, c.id
     LIMIT least(at_most, 100);
END;
COMMENT ON FUNCTION search_businesses(text, integer) IS
    'Businesses whose names hold something like these words, best first, of those that the current user may see.';

-- ------------------------------------------------------------------------------------- what a role may see
ALTER TABLE role_assignments ENABLE ROW LEVEL SECURITY;

CREATE POLICY role_assignments_own ON role_assignments FOR SELECT
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY role_assignments_admins ON role_assignments FOR SELECT USING ((SELECT current_user_has('admin')));
CREATE POLICY role_assignments_admins_give ON role_assignments FOR INSERT
    WITH CHECK ((SELECT current_user_has('admin')) AND revoked_at IS NULL
                AND assigned_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY role_assignments_admins_take ON role_assignments FOR UPDATE
    USING ((SELECT current_user_has('admin')) AND revoked_at IS NULL)
    WITH CHECK (revoked_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

ALTER POLICY businesses_own ON businesses
    USING (owner_id BETWEEN (SELECT CASE WHEN current_user_has('analyst')
                                         THEN '00000000-0000-0000-0000-000000000000'::uuid
                                         ELSE nullif(current_setting('app.current_user_id', true), '')::uuid END)
                        AND (SELECT CASE WHEN current_user_has('analyst')
                                         THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
                                         ELSE nullif(current_setting('app.current_user_id', true), '')::uuid END));
COMMENT ON POLICY businesses_own ON businesses IS
    'One''s own, or, for an analyst, those of every owner: a range, so that an index serves both.';
CREATE POLICY businesses_analysts_change ON businesses FOR UPDATE USING ((SELECT current_user_has('analyst')));

CREATE POLICY business_classifications_analysts ON business_classifications
    USING ((SELECT current_user_has('analyst')))
    WITH CHECK ((SELECT current_user_has('analyst')) AND (classified_by IS NULL OR classified_by
                = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));

-- Four eyes: nobody assesses or decides about a business of their own, and nobody signs for another.
CREATE POLICY risk_assessments_analysts ON risk_assessments FOR SELECT USING ((SELECT current_user_has('analyst')));
CREATE POLICY risk_assessments_analysts_new ON risk_assessments FOR INSERT
    WITH CHECK ((SELECT current_user_has('analyst'))
                AND assessed_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                            <> (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));

CREATE POLICY compliance_checks_analysts ON compliance_checks FOR SELECT USING ((SELECT current_user_has('analyst')));
CREATE POLICY compliance_checks_analysts_new ON compliance_checks FOR INSERT
    WITH CHECK ((SELECT current_user_has('analyst')) AND status = 'pending'
                AND requested_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY compliance_checks_analysts_decide ON compliance_checks FOR UPDATE
    USING ((SELECT current_user_has('analyst'))
           AND EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                       <> (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)))
    WITH CHECK (reviewed_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

CREATE POLICY external_service_calls_analysts ON external_service_calls FOR SELECT
    USING ((SELECT current_user_has('analyst')));
CREATE POLICY audit_logs_admins ON audit_logs FOR SELECT USING ((SELECT current_user_has('admin')));

-- ----------------------------------------------------------------------------------------------- privileges
-- As in 001. The summary counts everybody's businesses: not for the application, whose users would learn of one
-- another, nor for those who only read. The role reporting gets it in caisson.toml.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    suffix text;
    account name;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'service', 'backup', 'readonly', 'auditor', 'advisor'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON user_directory, portfolio_summary FROM %I', account);
        IF suffix IN ('app', 'readonly', 'advisor') THEN
            EXECUTE format('REVOKE SELECT ON portfolio_summary FROM %I', account);
        END IF;
        IF suffix = 'app' THEN
            EXECUTE format('REVOKE UPDATE, DELETE ON role_assignments FROM %I', account);
            EXECUTE format('GRANT UPDATE (revoked_by, revoked_at) ON role_assignments TO %I', account);
        ELSIF suffix = 'auditor' THEN
            EXECUTE format('CREATE POLICY role_assignments_audit ON role_assignments FOR SELECT TO %I USING (true)',
                           account);
        END IF;
    END LOOP;
END
$$;
