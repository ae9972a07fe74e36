-- Takes away the trail and what writes it.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
                WHERE tgfoid = 'audit_trigger_function'::regproc AND NOT tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.relation);
    END LOOP;
END
$$;
DROP FUNCTION audit_trigger_function();
DROP FUNCTION audited_values(jsonb, jsonb, text[], boolean);
DROP FUNCTION audited_key(jsonb, text[]);
DROP FUNCTION client_address();
DROP TABLE audit_trail;
