-- check: Webhook events move
-- expect: empty
-- severity: warning
-- description: No event is an hour overdue, and none lies with a worker that is gone (KYB-10)
-- remedy: start the worker that delivers; README.md says how one takes an event, and takes over from a dead one
SELECT count(*) || ' webhook events are due since ' || min(next_attempt_at) AS finding
  FROM public.webhook_events
 WHERE status IN ('pending', 'retrying') AND next_attempt_at < now() - interval '1 hour'
HAVING count(*) > 0
UNION ALL
SELECT count(*) || ' webhook events lie with a worker whose lease ended at ' || min(lease_expires_at)
  FROM public.webhook_events WHERE status = 'delivering' AND lease_expires_at < now() - interval '10 minutes'
HAVING count(*) > 0

-- check: Outside calls end
-- expect: empty
-- severity: warning
-- description: No call to an outside service is under way for an hour (KYB-11)
-- remedy: the program that made it is gone: complete it with outcome timed_out
SELECT count(*) || ' calls to ' || service_name || ' never ended, the first began at ' || min(called_at) AS finding
  FROM public.external_service_calls
 WHERE outcome <> 'succeeded' AND outcome = 'started' AND called_at < now() - interval '1 hour'
 GROUP BY service_name
