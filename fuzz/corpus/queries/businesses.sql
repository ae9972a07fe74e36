-- Businesses: lists, search, and what was found out about each.

-- name: find_business :optional
-- A business for its owner's pages.
-- cache: business:{id}
SELECT * FROM businesses WHERE id = @id;

-- name: list_businesses :many
-- Businesses of an owner, page by page; what is filtered by is optional.
SELECT id, legal_name, trading_name, jurisdiction, registration_number, industry, status, risk_level, risk_score,
       compliance_status, created_at
  FROM businesses
 WHERE owner_id = @owner_id
   -- filter: jurisdiction
   AND jurisdiction = @jurisdiction
   -- end
   -- filter: risk_level
   AND risk_level = @risk_level
   -- end
   -- filter: compliance_status
   AND compliance_status = @compliance_status
   -- end
   -- filter: recorded Recorded in this span, its end left out.
   AND created_at >= @since AND created_at < @before
   -- end
 ORDER BY
   -- order: newest
   created_at DESC, id
   -- order: by_name
   legal_name, id
   -- order: riskiest Those that were not assessed come last.
   risk_score DESC NULLS LAST, id
   -- end
 LIMIT @at_most OFFSET @skip;

-- name: search_businesses :many
-- Names by parts and in spite of typing errors: all for analysts, one's own for others.
-- timeout: 2s
SELECT id AS "id!", legal_name AS "legal_name!", trading_name, jurisdiction AS "jurisdiction!",
       registration_number AS "registration_number!", risk_level, compliance_status AS "compliance_status!",
       likeness AS "likeness!"
  FROM search_businesses(@words, @at_most);

-- name: risk_history :many
-- How the risk of a business was seen, newest first, and by whom; a program where no name stands.
SELECT a.id, a.risk_score, a.risk_level, a.factors, a.method, a.source, a.assessed_at, u.full_name AS assessed_by
  FROM risk_assessments AS a
  LEFT JOIN users AS u ON u.id = a.assessed_by
 WHERE a.business_id = @business_id
 ORDER BY a.assessed_at DESC, a.id;

-- name: open_checks :many
-- The work queue of compliance, oldest first.
SELECT c.id, c.business_id, b.legal_name, b.jurisdiction, c.check_type, c.status, c.notes, c.requested_at
  FROM compliance_checks AS c
  JOIN businesses AS b ON b.id = c.business_id
 WHERE c.status IN ('pending', 'in_progress', 'needs_review')
   -- filter: check_type
   AND c.check_type = @check_type
   -- end
 ORDER BY c.requested_at
 LIMIT @at_most;

-- name: decide_check :optional
-- Completes a check that is open. Nothing when somebody else did.
-- nullable: score, notes, expires_at
UPDATE compliance_checks
   SET status = @status, score = @score, notes = @notes, reviewed_by = @reviewed_by, completed_at = now(),
       expires_at = @expires_at
 WHERE id = @id AND status IN ('pending', 'in_progress', 'needs_review')
RETURNING id, business_id, check_type, status, completed_at;

-- name: portfolio :many
-- Counts of the dashboard, for those who may read all.
-- cache: portfolio:{jurisdiction} ttl 60s
SELECT risk_level, compliance_status AS "compliance_status!", businesses AS "businesses!"
  FROM portfolio_summary
 WHERE jurisdiction = @jurisdiction
 ORDER BY risk_level NULLS LAST, compliance_status;

-- name: export_businesses :stream
-- All businesses of an owner, for a report that may be long.
SELECT id, legal_name, jurisdiction, registration_number, risk_level, compliance_status, annual_revenue, created_at
  FROM businesses
 WHERE owner_id = @owner_id
 ORDER BY id;

-- name: add_businesses :copy
-- Many businesses at once, as an import has them.
-- nullable: trading_name, industry
INSERT INTO businesses (owner_id, legal_name, trading_name, jurisdiction, registration_number, industry)
VALUES (@owner_id, btrim(@legal_name), @trading_name, upper(@jurisdiction), @registration_number, @industry);
