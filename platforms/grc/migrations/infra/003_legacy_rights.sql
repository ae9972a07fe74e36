-- caisson: description Only those who were there before us read the tables of the root Prisma schema
-- caisson: feature legacy
--
-- Provisioning lets the application read and write every table of `public`. These hold people's password hashes and
-- know no organisations: no policy could guard them. Whoever owned them before the take-over goes on as before.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT regexp_replace(pg_get_userbyid(relowner), '_owner$', '') FROM pg_class
         WHERE oid = 'public.organisations'::regclass);
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || '_' || suffix);
        EXECUTE format('REVOKE ALL ON users, frameworks, assessments, activity_logs FROM %I',
                       prefix || '_' || suffix);
    END LOOP;
END
$$;
