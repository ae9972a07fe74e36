-- caisson: description Times of change kept true, and the views that people look at
--
-- Views run with the rights of whoever asks, so the policies of the tables hold in them.

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS
    'Keeps updated_at true whoever writes; Prisma''s @updatedAt would do so for its own client alone.';

CREATE TRIGGER organisations_touch BEFORE UPDATE ON organisations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER policies_touch BEFORE UPDATE ON policies
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER risks_touch BEFORE UPDATE ON risks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

CREATE VIEW risk_register WITH (security_invoker = true) AS
SELECT risk.organisation_id,
       risk.id AS risk_id,
       risk.code,
       risk.title,
       risk.category,
       risk.status,
       risk.likelihood * risk.impact AS inherent_score,
       treatment.strategy,
       treatment.due_on,
       treatment.completed_on,
       treatment.residual_likelihood * treatment.residual_impact AS residual_score,
       CASE WHEN score.value >= 15 THEN 'critical'
            WHEN score.value >= 10 THEN 'high'
            WHEN score.value >= 5 THEN 'medium'
            ELSE 'low' END AS band,
       risk.owner_user_id,
       risk.review_due_on
  FROM risks AS risk
  LEFT JOIN LATERAL (
       SELECT * FROM risk_treatments AS t
        WHERE t.risk_id = risk.id AND t.organisation_id = risk.organisation_id
        ORDER BY t.created_at DESC, t.id LIMIT 1) AS treatment ON true
 CROSS JOIN LATERAL (
       -- What is promised holds nothing yet: the residual score counts once the treatment is done.
       SELECT CASE WHEN treatment.completed_on IS NOT NULL
                   THEN coalesce(treatment.residual_likelihood * treatment.residual_impact,
                                 risk.likelihood * risk.impact)
                   ELSE risk.likelihood * risk.impact END AS value) AS score;
COMMENT ON VIEW risk_register IS
    'Every risk with its newest treatment. Scores are likelihood times impact; the band is that of the score that '
    'holds today: low below 5, medium below 10, high below 15, critical from 15.';

CREATE VIEW organisation_overview WITH (security_invoker = true) AS
SELECT organisation.id AS organisation_id,
       organisation.slug,
       organisation.name_en,
       organisation.name_ar,
       organisation.sector,
       (SELECT count(*) FROM organisation_frameworks AS f WHERE f.organisation_id = organisation.id) AS frameworks,
       policy.approved AS approved_policies,
       policy.overdue AS overdue_reviews,
       risk.open AS open_risks,
       risk.critical AS critical_risks
  FROM organisations AS organisation
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE p.status = 'approved') AS approved,
              count(*) FILTER (WHERE p.status = 'approved' AND p.review_due_on < current_date) AS overdue
         FROM policies AS p WHERE p.organisation_id = organisation.id) AS policy
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE r.status = 'open') AS open,
              count(*) FILTER (WHERE r.status <> 'closed' AND r.band = 'critical') AS critical
         FROM risk_register AS r WHERE r.organisation_id = organisation.id) AS risk
 WHERE organisation.is_active;
COMMENT ON VIEW organisation_overview IS 'The first page: each active organisation that the user may see, in figures.';
