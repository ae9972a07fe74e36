-- Takes away the views and the triggers; the tables stay.
DROP VIEW organisation_overview;
DROP VIEW risk_register;
DROP TRIGGER risks_touch ON risks;
DROP TRIGGER policies_touch ON policies;
DROP TRIGGER organisations_touch ON organisations;
DROP FUNCTION touch_updated_at();
