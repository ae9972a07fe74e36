-- caisson: description The audit trail: every change of every business row, never changed itself (PND-9, PND-15)

-- Columns as the document gives them. The limits of its varchar are CHECKs, so that they can be changed without a lock.
CREATE TABLE audit_trail (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    table_name text NOT NULL,
    record_id  text NOT NULL,
    action     text NOT NULL,
    old_values jsonb,
    new_values jsonb,
    changed_by uuid,
    changed_at timestamptz NOT NULL DEFAULT now(),
    ip_address inet,
    user_agent text,
    CONSTRAINT audit_trail_table_name_length CHECK (length(table_name) <= 50),
    CONSTRAINT audit_trail_record_id_length CHECK (length(record_id) <= 255),
    CONSTRAINT audit_trail_action_known CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
    CONSTRAINT audit_trail_values_fit CHECK (
        (old_values IS NOT NULL) = (action IN ('UPDATE', 'DELETE'))
        AND (new_values IS NOT NULL) = (action IN ('INSERT', 'UPDATE')))
);
COMMENT ON TABLE audit_trail IS
    'Who changed which row, from what into what. Written by triggers alone; nobody changes or removes an entry.';
COMMENT ON COLUMN audit_trail.table_name IS 'The table; with its schema where that is not public.';
COMMENT ON COLUMN audit_trail.record_id IS 'Primary key of the row; * for a whole table.';
COMMENT ON COLUMN audit_trail.old_values IS 'DELETE: the row. UPDATE: what changed, before.';
COMMENT ON COLUMN audit_trail.new_values IS 'INSERT: the row. UPDATE: what changed, after.';
COMMENT ON COLUMN audit_trail.changed_by IS
    'Who: admin_users.id, or users.id where a user changed something of their own; empty for seeding, migrations and '
    'services. No foreign key: the trail outlives what it tells of.';
COMMENT ON COLUMN audit_trail.changed_at IS 'When the transaction began.';
COMMENT ON COLUMN audit_trail.ip_address IS 'app.client_address of the session, where it is set.';
COMMENT ON COLUMN audit_trail.user_agent IS 'app.user_agent of the session, where it is set.';

CREATE INDEX audit_trail_record_idx ON audit_trail (table_name, record_id, changed_at DESC);
COMMENT ON INDEX audit_trail_record_idx IS
    'History of a row: WHERE table_name = $1 AND record_id = $2 ORDER BY changed_at DESC.';
CREATE INDEX audit_trail_changed_by_idx ON audit_trail (changed_by, changed_at DESC);
COMMENT ON INDEX audit_trail_changed_by_idx IS 'What somebody changed: WHERE changed_by = $1 ORDER BY changed_at DESC.';
CREATE INDEX audit_trail_changed_at_idx ON audit_trail (changed_at DESC);
COMMENT ON INDEX audit_trail_changed_at_idx IS 'The trail, newest first, and spans of it: WHERE changed_at >= $1.';

CREATE TRIGGER audit_trail_only_added_to BEFORE UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_trail_never_emptied BEFORE TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_trail ENABLE ALWAYS TRIGGER audit_trail_only_added_to;
ALTER TABLE audit_trail ENABLE ALWAYS TRIGGER audit_trail_never_emptied;

-- A setting is text that a client chose: one that is no address must not stop the change it comes with.
CREATE FUNCTION client_address() RETURNS inet
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN nullif(current_setting('app.client_address', true), '')::inet;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION client_address() IS 'app.client_address of the session; NULL where it is not set or no address.';

CREATE FUNCTION audited_key(side jsonb, keys text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
RETURN (SELECT string_agg(side ->> k.name, ' ' ORDER BY k.place) FROM unnest(keys) WITH ORDINALITY AS k (name, place));
COMMENT ON FUNCTION audited_key(jsonb, text[]) IS 'The columns that name a row, with a blank between them.';

-- What differs from the other side, or all of it where there is none. The search column follows from the others.
CREATE FUNCTION audited_values(side jsonb, other jsonb, keys text[], sealed boolean) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
RETURN CASE WHEN side IS NOT NULL THEN (
    SELECT coalesce(jsonb_object_agg(
               v.key, CASE WHEN sealed AND v.key <> ALL (keys) AND v.value <> 'null' THEN '"sealed"' ELSE v.value END),
               '{}')
      FROM jsonb_each(side - 'search') AS v
     WHERE other IS NULL OR v.value IS DISTINCT FROM other -> v.key) END;
COMMENT ON FUNCTION audited_values(jsonb, jsonb, text[], boolean) IS
    'The columns of a row that differ from its other version; "sealed" in place of values that must not be told.';

-- Once a statement, not once a row. Arguments of the trigger: the columns that name a row, and "sealed" for a table whose
-- values must not be in the trail: of those it says only which columns were set.
CREATE FUNCTION audit_trigger_function() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    keys CONSTANT text[] := string_to_array(coalesce(TG_ARGV[0], 'id'), ',');
    sealed CONSTANT boolean := coalesce(TG_ARGV[1], '') = 'sealed';
    subject CONSTANT text := CASE WHEN TG_TABLE_SCHEMA = 'public' THEN '' ELSE TG_TABLE_SCHEMA || '.' END || TG_TABLE_NAME;
    actor CONSTANT uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
    address CONSTANT inet := client_address();
    agent CONSTANT text := nullif(current_setting('app.user_agent', true), '');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_trail (table_name, record_id, action, new_values, changed_by, ip_address, user_agent)
        SELECT subject, audited_key(n.row, keys), 'INSERT', audited_values(n.row, NULL, keys, sealed), actor, address, agent
          FROM (SELECT to_jsonb(new_rows) AS row FROM new_rows) AS n;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit_trail (table_name, record_id, action, old_values, changed_by, ip_address, user_agent)
        SELECT subject, audited_key(o.row, keys), 'DELETE', audited_values(o.row, NULL, keys, sealed), actor, address, agent
          FROM (SELECT to_jsonb(old_rows) AS row FROM old_rows) AS o;
    ELSIF TG_OP = 'UPDATE' THEN
        -- A row whose key was changed is one that went and one that came.
        INSERT INTO audit_trail (table_name, record_id, action, old_values, new_values, changed_by, ip_address, user_agent)
        SELECT subject, coalesce(n.key, o.key),
               CASE WHEN o.row IS NULL THEN 'INSERT' WHEN n.row IS NULL THEN 'DELETE' ELSE 'UPDATE' END,
               audited_values(o.row, n.row, keys, sealed), audited_values(n.row, o.row, keys, sealed), actor, address, agent
          FROM (SELECT to_jsonb(old_rows) AS row, audited_key(to_jsonb(old_rows), keys) AS key FROM old_rows) AS o
          FULL JOIN (SELECT to_jsonb(new_rows) AS row, audited_key(to_jsonb(new_rows), keys) AS key FROM new_rows) AS n
                 ON n.key = o.key
         WHERE o.row IS DISTINCT FROM n.row;
    ELSE
        INSERT INTO audit_trail (table_name, record_id, action, changed_by, ip_address, user_agent)
        VALUES (subject, '*', 'TRUNCATE', actor, address, agent);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_trigger_function() IS
    'Writes audit_trail for a statement that changed rows: attached to every table of business and personal data.';

-- Time series are no business rows: blocks are their own evidence, and events are none.
DO $$
DECLARE
    audited record;
    trigger_name text;
BEGIN
    FOR audited IN SELECT * FROM (VALUES
        ('public.admin_users', 'id', ''), ('public.users', 'id', ''), ('public.wallets', 'id', ''),
        ('public.asset_categories', 'code', ''), ('public.assets', 'id', ''), ('public.asset_metrics', 'asset_id,measured_at', ''),
        ('public.investments', 'id', ''), ('public.kyc_applications', 'id', ''), ('public.kyc_documents', 'id', ''),
        ('pii.people', 'user_id', 'sealed'), ('pii.document_files', 'document_id', 'sealed')) AS t (name, key, mode)
    LOOP
        trigger_name := split_part(audited.name, '.', 2) || '_audit';
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_trigger_function(%L, %L)',
                       trigger_name || '_insert', audited.name, audited.key, audited.mode);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_trigger_function(%L, %L)',
                       trigger_name || '_update', audited.name, audited.key, audited.mode);
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_trigger_function(%L, %L)',
                       trigger_name || '_delete', audited.name, audited.key, audited.mode);
        EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_trigger_function(%L, %L)',
                       trigger_name || '_truncate', audited.name, audited.key, audited.mode);
    END LOOP;
END
$$;
