-- The trail: calls to outside services, deliveries, and what was done.

-- name: end_service_call :exec
-- How a call ended (KYB-11). A call that ended is not changed any more: 0 then.
-- nullable: status_code, error, response_digest
UPDATE external_service_calls
   SET outcome = @outcome, status_code = @status_code, duration_ms = @duration_ms, error = @error,
       response_digest = @response_digest
 WHERE id = @id AND outcome = 'started';

-- name: service_report :many
-- How outside services did since a moment.
SELECT service_name, count(*) AS calls, count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
       coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 0) AS p95_ms
  FROM external_service_calls
 WHERE called_at >= @since
 GROUP BY service_name
 ORDER BY service_name;

-- name: due_events :many
-- What a worker (as service) delivers now; nobody else takes the same, for a minute.
UPDATE webhook_events AS e
   SET status = 'delivering', attempts = e.attempts + 1, last_attempt_at = now(),
       lease_expires_at = now() + interval '1 minute'
  FROM (SELECT id FROM webhook_events
         WHERE status IN ('pending', 'retrying') AND next_attempt_at <= now()
         ORDER BY next_attempt_at LIMIT @at_most FOR UPDATE SKIP LOCKED) AS due
 WHERE e.id = due.id
RETURNING e.id, e.webhook_id, e.event_id, e.event_type, e.payload, e.attempts;

-- name: announce_event :batch
-- One event for one webhook; a second announcement of the same changes nothing.
INSERT INTO webhook_events (webhook_id, event_id, event_type, payload)
VALUES (@webhook_id, @event_id, @event_type, @payload)
ON CONFLICT (webhook_id, event_id) DO NOTHING;

-- name: history_of :many
-- What was done to a row, newest first.
SELECT l.occurred_at, l.action, l.actor_kind, u.full_name AS actor, l.details
  FROM audit_logs AS l
  LEFT JOIN users AS u ON u.id = l.user_id
 WHERE l.resource_type = @resource_type AND l.resource_id = @resource_id
 ORDER BY l.occurred_at DESC
 LIMIT @at_most;
