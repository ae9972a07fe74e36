-- The roles get back what provisioning gives on every table.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('GRANT SELECT%s ON users, frameworks, assessments, activity_logs TO %I',
                       CASE suffix WHEN 'app' THEN ', INSERT, UPDATE, DELETE' ELSE '' END, prefix || '_' || suffix);
    END LOOP;
END
$$;
