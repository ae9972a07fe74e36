-- check: Sessions agree with what was said in them
-- expect: empty
-- severity: error
-- description: A session costs no less than its contributions, and has come at least to the round of the last one
-- remedy: the application writes both in one transaction; the contributions are what happened, the session only counts
SELECT 'session ' || s.id || ' costs ' || s.total_cost || ', its contributions ' || c.cost AS finding
  FROM public.sessions s
  JOIN (SELECT session_id, sum(cost) AS cost FROM public.contributions GROUP BY session_id) AS c ON c.session_id = s.id
 WHERE s.total_cost < c.cost
UNION ALL
SELECT 'session ' || s.id || ' is in round ' || s.round_number || ', a contribution in round ' || c.round_number
  FROM public.sessions s
  JOIN (SELECT session_id, max(round_number) AS round_number FROM public.contributions GROUP BY session_id) AS c
    ON c.session_id = s.id
 WHERE s.round_number < c.round_number
