-- Takes away the trail and all that it recorded. The triggers go by name: what others added here stops the way back.
DROP TRIGGER risk_treatments_trail_changed ON risk_treatments;
DROP TRIGGER risk_treatments_trail_written ON risk_treatments;
DROP TRIGGER risks_trail_changed ON risks;
DROP TRIGGER risks_trail_written ON risks;
DROP TRIGGER policy_controls_trail_written ON policy_controls;
DROP TRIGGER policies_trail_changed ON policies;
DROP TRIGGER policies_trail_written ON policies;
DROP TRIGGER organisation_frameworks_trail_changed ON organisation_frameworks;
DROP TRIGGER organisation_frameworks_trail_written ON organisation_frameworks;
DROP TRIGGER organisation_members_trail_changed ON organisation_members;
DROP TRIGGER organisation_members_trail_written ON organisation_members;
DROP TRIGGER organisations_trail_changed ON organisations;
DROP TRIGGER organisations_trail_written ON organisations;
DROP FUNCTION trail.record();
DROP TABLE trail.entries;
DROP SCHEMA trail;
