-- check: Statistics agree with the tables
-- expect: empty
-- severity: warning
-- description: real_time_stats counts a user once and an amount once; it may be five minutes old, not more (PND-15)
-- remedy: SELECT refresh_statistics(); something has to call it every five minutes
WITH now_counted AS (
    SELECT (SELECT count(*) FROM public.users) AS total_users,
           (SELECT coalesce(sum(amount), 0) FROM public.investments WHERE status = 'confirmed') AS total_aum,
           (SELECT count(DISTINCT asset_id) FROM public.investments WHERE status = 'confirmed') AS active_assets
)
SELECT 'real_time_stats of ' || s.computed_at || ': ' || s.total_users || ' users, ' || s.total_aum || ' dollars in '
       || s.active_assets || ' assets; the tables say ' || n.total_users || ', ' || n.total_aum || ', ' || n.active_assets
       AS finding
  FROM public.real_time_stats s CROSS JOIN now_counted n
 WHERE (s.total_users, s.total_aum, s.active_assets) IS DISTINCT FROM (n.total_users, n.total_aum, n.active_assets)
   AND s.computed_at < now() - interval '10 minutes'
