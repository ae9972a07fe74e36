-- check: Users see what is theirs and nothing else
-- expect: empty
-- severity: error
-- description: What the policies show to the latest five users, and to nobody, against whose the rows are (BO1-3)
-- remedy: close the application at once: caisson migrate down, which takes its rights; then find out who changed what
--
-- Reading only, as checks change nothing. README.md says where writing is tried.
WITH asked (account) AS (
    (SELECT user_id FROM public.sessions GROUP BY user_id ORDER BY max(created_at) DESC LIMIT 5)
    UNION ALL
    (SELECT id FROM public.users u WHERE NOT EXISTS (SELECT FROM public.sessions s WHERE s.user_id = u.id) LIMIT 1)
    UNION ALL
    SELECT NULL
), seen AS (
    SELECT asked.account, v.relation, v.id FROM asked CROSS JOIN LATERAL public.visible_to(asked.account) AS v
), own AS (
    SELECT s.user_id AS account, 'sessions' AS relation, s.id::text AS id
      FROM public.sessions s JOIN asked ON account = user_id
    UNION ALL
    SELECT s.user_id, 'contributions', c.id::text
      FROM public.contributions c JOIN public.sessions s ON s.id = c.session_id JOIN asked ON account = user_id
    UNION ALL
    SELECT s.user_id, 'votes', v.id::text
      FROM public.votes v JOIN public.sessions s ON s.id = v.session_id JOIN asked ON account = user_id
    UNION ALL
    SELECT l.user_id, 'audit_log', l.id::text FROM public.audit_log l JOIN asked ON account = user_id
), bound AS (  -- Under plain psql the owner may be a superuser, and then nothing can be asked here.
    SELECT NOT (r.rolsuper OR r.rolbypassrls) AS holds
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
     WHERE p.oid = to_regprocedure('public.visible_to(uuid)')
)
SELECT coalesce('user ' || account, 'nobody') || ' sees ' || relation || ' ' || id || ' of somebody else' AS finding
  FROM (SELECT * FROM seen EXCEPT SELECT * FROM own) AS others, bound WHERE bound.holds
UNION ALL
SELECT 'user ' || account || ' does not see their own ' || relation || ' ' || id
  FROM (SELECT * FROM own EXCEPT SELECT * FROM seen) AS hidden, bound WHERE bound.holds
