-- caisson: description Who changed what: a trail of every change to an organisation's rows
--
-- A schema of its own: Prisma looks at `public` alone, and would call a table that its schema does not have drift.

CREATE SCHEMA trail;
COMMENT ON SCHEMA trail IS 'What was done to the rows of organisations.';

CREATE TABLE trail.entries (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    organisation_id uuid NOT NULL,
    actor_id        uuid,
    actor_role      name NOT NULL DEFAULT session_user,
    action          text NOT NULL,
    relation        text NOT NULL,
    row_key         text NOT NULL,
    before          jsonb,
    after           jsonb,
    CONSTRAINT entries_action_known CHECK (action IN ('insert', 'update', 'delete')),
    CONSTRAINT entries_sides CHECK ((before IS NULL) = (action = 'insert') AND (after IS NULL) = (action = 'delete'))
);
COMMENT ON TABLE trail.entries IS
    'One entry for each changed row. Only added to, by the trigger and nobody else. No foreign keys: what it speaks '
    'of may be gone.';
COMMENT ON COLUMN trail.entries.id IS 'Orders the entries of a server.';
COMMENT ON COLUMN trail.entries.occurred_at IS 'When it happened, by the clock: entries of one transaction differ.';
COMMENT ON COLUMN trail.entries.organisation_id IS 'Whose row it was.';
COMMENT ON COLUMN trail.entries.actor_id IS 'app.current_user_id of the transaction; empty when a service acted.';
COMMENT ON COLUMN trail.entries.actor_role IS 'The role that was signed in to PostgreSQL.';
COMMENT ON COLUMN trail.entries.action IS 'insert, update or delete.';
COMMENT ON COLUMN trail.entries.relation IS 'The table.';
COMMENT ON COLUMN trail.entries.row_key IS 'Its key: `id`, or the parts of a composite key with slashes between.';
COMMENT ON COLUMN trail.entries.before IS 'The row before; empty for an insert.';
COMMENT ON COLUMN trail.entries.after IS 'The row after; empty for a delete.';

CREATE INDEX entries_organisation_id_idx ON trail.entries (organisation_id, id DESC);
COMMENT ON INDEX trail.entries_organisation_id_idx IS
    'History of an organisation, newest first: WHERE organisation_id = $1 ORDER BY id DESC LIMIT $2.';
CREATE INDEX entries_row_idx ON trail.entries (relation, row_key);
COMMENT ON INDEX trail.entries_row_idx IS 'History of a row: WHERE relation = $1 AND row_key = $2 ORDER BY id.';
CREATE INDEX entries_actor_id_idx ON trail.entries (actor_id, id DESC) WHERE actor_id IS NOT NULL;
COMMENT ON INDEX trail.entries_actor_id_idx IS 'What somebody did: WHERE actor_id = $1 ORDER BY id DESC.';
CREATE INDEX entries_occurred_at_idx ON trail.entries USING brin (occurred_at);
COMMENT ON INDEX trail.entries_occurred_at_idx IS
    'A period: WHERE occurred_at BETWEEN $1 AND $2. Entries come in order, so BRIN is small.';

-- Not FORCE: the trigger's function writes as the owner, for whom no policy may hold.
ALTER TABLE trail.entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY entries_isolation ON trail.entries FOR SELECT
    USING (organisation_id = ANY ((SELECT public.my_organisations())::uuid[]));

-- With the owner's rights: the application may change rows, and may not write what is said about it. The first argument
-- names the column with the organisation, the others are the key.
CREATE FUNCTION trail.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    before CONSTANT jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  CONSTANT jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row    CONSTANT jsonb := coalesce(after, before);
BEGIN
    INSERT INTO trail.entries (organisation_id, actor_id, action, relation, row_key, before, after)
    VALUES ((row ->> TG_ARGV[0])::uuid,
            nullif(current_setting('app.current_user_id', true), '')::uuid,
            lower(TG_OP),
            TG_TABLE_NAME,
            (SELECT string_agg(row ->> TG_ARGV[n], '/' ORDER BY n) FROM generate_series(1, TG_NARGS - 1) AS n),
            before,
            after);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION trail.record() IS 'Writes an entry for the row that was changed.';

CREATE TRIGGER organisations_trail_written AFTER INSERT OR DELETE ON organisations
    FOR EACH ROW EXECUTE FUNCTION trail.record('id', 'id');
CREATE TRIGGER organisations_trail_changed AFTER UPDATE ON organisations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION trail.record('id', 'id');
CREATE TRIGGER organisation_members_trail_written AFTER INSERT OR DELETE ON organisation_members
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'organisation_id', 'user_id');
CREATE TRIGGER organisation_members_trail_changed AFTER UPDATE ON organisation_members
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION trail.record('organisation_id', 'organisation_id', 'user_id');
CREATE TRIGGER organisation_frameworks_trail_written AFTER INSERT OR DELETE ON organisation_frameworks
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'organisation_id', 'framework_code');
CREATE TRIGGER organisation_frameworks_trail_changed AFTER UPDATE ON organisation_frameworks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION trail.record('organisation_id', 'organisation_id', 'framework_code');
CREATE TRIGGER policies_trail_written AFTER INSERT OR DELETE ON policies
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'id');
CREATE TRIGGER policies_trail_changed AFTER UPDATE ON policies
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION trail.record('organisation_id', 'id');
CREATE TRIGGER policy_controls_trail_written AFTER INSERT OR UPDATE OR DELETE ON policy_controls
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'policy_id', 'framework_code', 'control_code');
CREATE TRIGGER risks_trail_written AFTER INSERT OR DELETE ON risks
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'id');
CREATE TRIGGER risks_trail_changed AFTER UPDATE ON risks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION trail.record('organisation_id', 'id');
CREATE TRIGGER risk_treatments_trail_written AFTER INSERT OR DELETE ON risk_treatments
    FOR EACH ROW EXECUTE FUNCTION trail.record('organisation_id', 'id');
CREATE TRIGGER risk_treatments_trail_changed AFTER UPDATE ON risk_treatments
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION trail.record('organisation_id', 'id');

-- Everybody who may read the rows may read their trail; nobody but the trigger writes it. Under plain psql the roles
-- may not exist.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.organisations'::regclass);
    suffix text;
    account name;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'service', 'readonly', 'auditor', 'advisor', 'backup'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('GRANT USAGE ON SCHEMA trail TO %I', account);
        EXECUTE format('REVOKE ALL ON trail.entries FROM %I', account);
        EXECUTE format('GRANT SELECT ON trail.entries TO %I', account);
    END LOOP;
END
$$;
