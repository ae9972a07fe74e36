-- Sessions have the server's patience again.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET statement_timeout', prefix || '_' || suffix,
                       current_database());
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET idle_in_transaction_session_timeout',
                       prefix || '_' || suffix, current_database());
    END LOOP;
END
$$;
