-- The roles get back what provisioning gives on every table.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.organisations'::regclass);
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('GRANT SELECT%s ON users, frameworks, assessments, activity_logs TO %I',
                       CASE suffix WHEN 'app' THEN ', INSERT, UPDATE, DELETE' ELSE '' END, prefix || '_' || suffix);
    END LOOP;
END
$$;
