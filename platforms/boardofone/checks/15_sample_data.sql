-- check: Sample data
-- expect: empty
-- severity: error
-- description: Users, sessions, contributions, votes and entries to try things with, but not in protected environments
-- remedy: caisson seed
WITH counted (what, found, expected) AS (
    SELECT 'users', count(*), 4 FROM public.users
    UNION ALL SELECT 'users with sessions', count(DISTINCT user_id), 3 FROM public.sessions
    UNION ALL SELECT 'sessions', count(*), 6 FROM public.sessions
    UNION ALL SELECT 'contributions', count(*), 15 FROM public.contributions
    UNION ALL SELECT 'votes', count(*), 8 FROM public.votes
    UNION ALL SELECT 'audit entries', count(*), 11 FROM public.audit_log
)
-- What is more than the seeds is somebody's work. A session that seeds no sample data says so: a protected environment.
SELECT what || ': ' || found || ', expected ' || expected || ' or more' AS finding
  FROM counted
 WHERE found < expected AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
