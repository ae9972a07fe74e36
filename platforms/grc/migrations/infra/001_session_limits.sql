-- caisson: description How long sessions of this database may wait and idle
--
-- For the database, not for the server: a batch elsewhere keeps its own patience. Settings of roles need an
-- administrator, hence migrate_as in caisson.toml. Under plain psql the roles may not exist.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.organisations'::regclass);
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        -- A page waits five seconds, not longer; a report a minute.
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET statement_timeout = %L', prefix || '_' || suffix,
                       current_database(), CASE suffix WHEN 'app' THEN '5s' ELSE '60s' END);
        -- A transaction that somebody forgot holds back vacuum and locks.
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = %L',
                       prefix || '_' || suffix, current_database(), '30s');
    END LOOP;
END
$$;
