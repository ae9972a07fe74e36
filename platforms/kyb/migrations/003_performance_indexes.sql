-- caisson: description Indexes for lists, queues and clean-up at a million businesses (KYB-1, KYB-9)
-- caisson: no-transaction
-- caisson: lint-ignore-file isolate-concurrent-statement each is recorded; a failed run goes on at the next
--
-- The tables are in use by now, so every index is built beside the writers. Keys, and what foreign keys need, came with
-- the tables; here are the queries.

-- ----------------------------------------------------------------------------------------------- businesses
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_owner_created_idx ON businesses (owner_id, created_at DESC, id);
COMMENT ON INDEX businesses_owner_created_idx IS
    'One''s own, newest first, page by page: WHERE owner_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at '
    'DESC, id LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_created_idx ON businesses (created_at DESC, id);
COMMENT ON INDEX businesses_created_idx IS
    'Everybody''s, newest first, for analysts: ORDER BY created_at DESC, id LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_registration_idx ON businesses (jurisdiction, registration_key)
    INCLUDE (owner_id);
COMMENT ON INDEX businesses_registration_idx IS
    'Who else asked about this registration, from the index alone: WHERE jurisdiction = $1 AND registration_key = $2.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_high_risk_idx ON businesses (risk_score DESC, id)
    WHERE risk_level IN ('high', 'critical') AND status = 'active';
COMMENT ON INDEX businesses_high_risk_idx IS
    'Riskiest first: WHERE risk_level IN (''high'', ''critical'') AND status = ''active'' ORDER BY risk_score DESC, '
    'id.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_compliance_idx ON businesses (compliance_status, created_at)
    WHERE compliance_status <> 'compliant' AND status = 'active';
COMMENT ON INDEX businesses_compliance_idx IS
    'What is not compliant, oldest first: WHERE compliance_status = $1 AND compliance_status <> ''compliant'' AND '
    'status = ''active'' ORDER BY created_at.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_assess_next_idx ON businesses (risk_assessed_at NULLS FIRST)
    WHERE status = 'active';
COMMENT ON INDEX businesses_assess_next_idx IS
    'What to assess next: WHERE status = ''active'' ORDER BY risk_assessed_at NULLS FIRST LIMIT 100.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_portfolio_idx ON businesses
    (jurisdiction, risk_level, compliance_status);
COMMENT ON INDEX businesses_portfolio_idx IS
    'Counts without the table: portfolio_summary; WHERE jurisdiction = $1 AND risk_level = $2.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS businesses_search_name_idx ON businesses USING gin (search_name gin_trgm_ops);
COMMENT ON INDEX businesses_search_name_idx IS 'Names by parts and in spite of typing errors: search_businesses($1).';

-- ------------------------------------------------------------------------------------------ what was found out
CREATE INDEX CONCURRENTLY IF NOT EXISTS business_classifications_code_idx ON business_classifications
    (code_system, code, confidence DESC) INCLUDE (business_id) WHERE is_primary;
COMMENT ON INDEX business_classifications_code_idx IS
    'Businesses of an industry, surest first: WHERE is_primary AND code_system = $1 AND code = $2 ORDER BY confidence '
    'DESC.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS business_classifications_unsure_idx ON business_classifications (confidence)
    INCLUDE (business_id) WHERE is_primary AND confidence < 0.6;
COMMENT ON INDEX business_classifications_unsure_idx IS
    'What a person should look at: WHERE is_primary AND confidence < 0.6 ORDER BY confidence LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS risk_assessments_assessed_at_idx ON risk_assessments USING brin (assessed_at);
COMMENT ON INDEX risk_assessments_assessed_at_idx IS
    'A period: WHERE assessed_at >= $1 AND assessed_at < $2. They come in order, so BRIN is small.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS risk_assessments_critical_idx ON risk_assessments (assessed_at DESC)
    INCLUDE (business_id) WHERE risk_score >= 85;
COMMENT ON INDEX risk_assessments_critical_idx IS
    'Critical findings, latest first: WHERE risk_score >= 85 ORDER BY assessed_at DESC LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS compliance_checks_open_idx ON compliance_checks (requested_at)
    INCLUDE (business_id, check_type) WHERE status IN ('pending', 'in_progress', 'needs_review');
COMMENT ON INDEX compliance_checks_open_idx IS
    'Work queue, oldest first: WHERE status IN (''pending'', ''in_progress'', ''needs_review'') ORDER BY requested_at.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS compliance_checks_failed_idx ON compliance_checks
    (check_type, completed_at DESC) INCLUDE (business_id) WHERE status = 'failed';
COMMENT ON INDEX compliance_checks_failed_idx IS
    'What failed lately: WHERE status = ''failed'' AND check_type = $1 ORDER BY completed_at DESC.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS compliance_checks_expires_at_idx ON compliance_checks (expires_at)
    INCLUDE (business_id, check_type) WHERE status = 'passed' AND expires_at IS NOT NULL;
COMMENT ON INDEX compliance_checks_expires_at_idx IS
    'What to renew, and what to mark as expired: WHERE status = ''passed'' AND expires_at < $1.';

-- ------------------------------------------------------------------------------------------ keys and tokens
CREATE INDEX CONCURRENTLY IF NOT EXISTS api_keys_expires_at_idx ON api_keys (expires_at)
    WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
COMMENT ON INDEX api_keys_expires_at_idx IS
    'Whom to remind: WHERE revoked_at IS NULL AND expires_at BETWEEN now() AND now() + interval ''14 days''.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS email_verification_tokens_expires_at_idx
    ON email_verification_tokens (expires_at);
COMMENT ON INDEX email_verification_tokens_expires_at_idx IS 'Clean-up: DELETE … WHERE expires_at < $1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS password_reset_tokens_expires_at_idx ON password_reset_tokens (expires_at);
COMMENT ON INDEX password_reset_tokens_expires_at_idx IS 'Clean-up: DELETE … WHERE expires_at < $1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS token_blacklist_expires_at_idx ON token_blacklist (expires_at);
COMMENT ON INDEX token_blacklist_expires_at_idx IS 'Clean-up: DELETE … WHERE expires_at < $1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS role_assignments_expires_at_idx ON role_assignments (expires_at)
    WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
COMMENT ON INDEX role_assignments_expires_at_idx IS
    'Roles about to end: WHERE revoked_at IS NULL AND expires_at BETWEEN now() AND now() + interval ''14 days''.';

-- ------------------------------------------------------------------------------------------------- webhooks
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_events_due_idx ON webhook_events (next_attempt_at)
    WHERE status IN ('pending', 'retrying');
COMMENT ON INDEX webhook_events_due_idx IS
    'What to deliver now: WHERE status IN (''pending'', ''retrying'') AND next_attempt_at <= now() ORDER BY '
    'next_attempt_at LIMIT 50 FOR UPDATE SKIP LOCKED.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_events_lease_idx ON webhook_events (lease_expires_at)
    WHERE status = 'delivering';
COMMENT ON INDEX webhook_events_lease_idx IS
    'What a dead worker left: WHERE status = ''delivering'' AND lease_expires_at < now().';
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_events_history_idx ON webhook_events (webhook_id, created_at DESC);
COMMENT ON INDEX webhook_events_history_idx IS
    'Deliveries of a webhook: WHERE webhook_id = $1 ORDER BY created_at DESC LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_events_exhausted_idx ON webhook_events (created_at DESC)
    INCLUDE (webhook_id) WHERE status = 'exhausted';
COMMENT ON INDEX webhook_events_exhausted_idx IS
    'What never arrived: WHERE status = ''exhausted'' AND created_at >= $1 ORDER BY created_at DESC.';

-- ------------------------------------------------------------------------------------------------ the trail
CREATE INDEX CONCURRENTLY IF NOT EXISTS external_service_calls_service_idx ON external_service_calls
    (service_name, called_at DESC) INCLUDE (outcome, duration_ms);
COMMENT ON INDEX external_service_calls_service_idx IS
    'How a service does, from the index alone: WHERE service_name = $1 AND called_at >= $2, counted by outcome.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS external_service_calls_trouble_idx ON external_service_calls (called_at DESC)
    WHERE outcome <> 'succeeded';
COMMENT ON INDEX external_service_calls_trouble_idx IS
    'What went wrong or never ended: WHERE outcome <> ''succeeded'' ORDER BY called_at DESC LIMIT 50.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS external_service_calls_request_idx ON external_service_calls (request_id)
    WHERE request_id IS NOT NULL;
COMMENT ON INDEX external_service_calls_request_idx IS 'What a request caused: WHERE request_id = $1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_logs_resource_idx ON audit_logs
    (resource_type, resource_id, occurred_at DESC);
COMMENT ON INDEX audit_logs_resource_idx IS
    'History of a row: WHERE resource_type = $1 AND resource_id = $2 ORDER BY occurred_at DESC.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_logs_business_idx ON audit_logs (business_id, occurred_at DESC)
    WHERE business_id IS NOT NULL;
COMMENT ON INDEX audit_logs_business_idx IS 'History of a business: WHERE business_id = $1 ORDER BY occurred_at DESC.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_logs_action_idx ON audit_logs (action, occurred_at DESC);
COMMENT ON INDEX audit_logs_action_idx IS 'Every use of an action: WHERE action = $1 AND occurred_at >= $2.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_logs_request_idx ON audit_logs (request_id) WHERE request_id IS NOT NULL;
COMMENT ON INDEX audit_logs_request_idx IS 'What a request did: WHERE request_id = $1.';
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_logs_occurred_at_idx ON audit_logs USING brin (occurred_at);
COMMENT ON INDEX audit_logs_occurred_at_idx IS
    'A period: WHERE occurred_at BETWEEN $1 AND $2. Entries come in order, so BRIN is small.';
