-- caisson: description Assessments of organisations: results, evidence, and what is done about gaps
--
-- Everything here belongs to an organisation. Rows name it and refer to their parents together with it, so that none can
-- speak of another organisation's; policies (003) let members see their own.

CREATE TYPE assessment_status AS ENUM ('planned', 'in_progress', 'in_review', 'approved');
COMMENT ON TYPE assessment_status IS 'Life of an assessment; only an approved one counts.';

CREATE TYPE implementation AS ENUM
    ('not_assessed', 'not_implemented', 'partially_implemented', 'implemented', 'not_applicable');
COMMENT ON TYPE implementation IS 'How far a control is met, in the words of NCA''s assessment tool.';

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true; called only when a row really changes.';

-- -------------------------------------------------------------------------------------- organisation_members
CREATE TABLE organisation_members (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    role_code       text NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT organisation_members_role_code_form CHECK (role_code ~ '^[a-z]+(_[a-z]+)*$')
);
COMMENT ON TABLE organisation_members IS
    'Who sees an organisation''s rows. A copy: the truth is `memberships` in the access-control database, and only '
    'whoever changes it there (the service role) writes here.';
COMMENT ON COLUMN organisation_members.organisation_id IS 'organisations.id of the main database.';
COMMENT ON COLUMN organisation_members.user_id IS 'users.id of the access-control database.';
COMMENT ON COLUMN organisation_members.role_code IS 'roles.code of the access-control database.';
COMMENT ON COLUMN organisation_members.added_at IS 'When this copy was written.';

CREATE INDEX organisation_members_user_id_idx ON organisation_members (user_id);
COMMENT ON INDEX organisation_members_user_id_idx IS
    'Every policy: the organisations of the current user, WHERE user_id = $1.';

-- ----------------------------------------------------------------------------------------------- assessments
CREATE TABLE assessments (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    framework_code  text NOT NULL REFERENCES frameworks (code) ON DELETE RESTRICT,
    title           text NOT NULL,
    scope           text NOT NULL,
    status          assessment_status NOT NULL DEFAULT 'planned',
    lead_user_id    uuid,
    starts_on       date NOT NULL,
    due_on          date NOT NULL,
    approved_by     uuid,
    approved_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assessments_identity UNIQUE (id, organisation_id, framework_code),
    CONSTRAINT assessments_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT assessments_period CHECK (due_on >= starts_on),
    CONSTRAINT assessments_approval_signed
        CHECK ((status = 'approved') = (approved_by IS NOT NULL) AND (approved_by IS NULL) = (approved_at IS NULL)),
    CONSTRAINT assessments_four_eyes CHECK (approved_by <> lead_user_id)
);
COMMENT ON TABLE assessments IS 'An organisation measured against a framework. A renewal is a new row.';
COMMENT ON COLUMN assessments.id IS 'Name of the assessment.';
COMMENT ON COLUMN assessments.organisation_id IS 'Whose it is: organisations.id of the main database.';
COMMENT ON COLUMN assessments.framework_code IS 'Measured against what.';
COMMENT ON COLUMN assessments.title IS 'One line.';
COMMENT ON COLUMN assessments.scope IS 'What of the organisation was looked at.';
COMMENT ON COLUMN assessments.status IS 'Where it stands.';
COMMENT ON COLUMN assessments.lead_user_id IS 'Who leads it: users.id.';
COMMENT ON COLUMN assessments.starts_on IS 'First day.';
COMMENT ON COLUMN assessments.due_on IS 'Last day.';
COMMENT ON COLUMN assessments.approved_by IS 'Who signed: users.id. Never who led it.';
COMMENT ON COLUMN assessments.approved_at IS 'When it was signed; orders the assessments that count.';
COMMENT ON COLUMN assessments.created_at IS 'When the row was made.';
COMMENT ON COLUMN assessments.updated_at IS 'When the row last changed.';

CREATE INDEX assessments_organisation_idx ON assessments (organisation_id, framework_code, approved_at DESC);
COMMENT ON INDEX assessments_organisation_idx IS
    'Newest approved assessment: WHERE organisation_id = $1 AND framework_code = $2 ORDER BY approved_at DESC; '
    'view posture; every policy.';
CREATE INDEX assessments_framework_code_idx ON assessments (framework_code);
COMMENT ON INDEX assessments_framework_code_idx IS 'Who is measured by a framework; the foreign key to frameworks.';
CREATE INDEX assessments_due_on_idx ON assessments (due_on) WHERE status <> 'approved';
COMMENT ON INDEX assessments_due_on_idx IS
    'Unfinished, by their last day: WHERE status <> ''approved'' AND due_on <= $1.';

-- ---------------------------------------------------------------------------------------- assessment_results
-- caisson: lint-ignore prefer-bigint-over-smallint maturity goes from 0 to 5 and never grows
CREATE TABLE assessment_results (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    assessment_id   uuid NOT NULL,
    organisation_id uuid NOT NULL,
    framework_code  text NOT NULL,
    control_code    text NOT NULL,
    status          implementation NOT NULL DEFAULT 'not_assessed',
    maturity        smallint,
    finding         text,
    assessed_by     uuid,
    assessed_at     timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assessment_results_identity UNIQUE (id, organisation_id),
    CONSTRAINT assessment_results_once UNIQUE (assessment_id, control_code),
    CONSTRAINT assessment_results_assessment_fkey FOREIGN KEY (assessment_id, organisation_id, framework_code)
        REFERENCES assessments (id, organisation_id, framework_code) ON DELETE CASCADE,
    CONSTRAINT assessment_results_control_fkey FOREIGN KEY (framework_code, control_code)
        REFERENCES controls (framework_code, code) ON DELETE RESTRICT,
    CONSTRAINT assessment_results_maturity_scale CHECK (maturity BETWEEN 0 AND 5),
    CONSTRAINT assessment_results_assessed_signed
        CHECK (status = 'not_assessed' OR (assessed_by IS NOT NULL AND assessed_at IS NOT NULL)),
    CONSTRAINT assessment_results_gap_explained
        CHECK (status NOT IN ('not_implemented', 'not_applicable') OR btrim(finding) <> '')
);
COMMENT ON TABLE assessment_results IS 'How far one control is met, in one assessment.';
COMMENT ON COLUMN assessment_results.id IS 'Name of the result.';
COMMENT ON COLUMN assessment_results.assessment_id IS 'The assessment.';
COMMENT ON COLUMN assessment_results.organisation_id IS 'Whose it is; the same as there.';
COMMENT ON COLUMN assessment_results.framework_code IS 'The framework; the same as there.';
COMMENT ON COLUMN assessment_results.control_code IS 'The control.';
COMMENT ON COLUMN assessment_results.status IS 'How far it is met.';
COMMENT ON COLUMN assessment_results.maturity IS
    'From 0 (non-existent) to 5 (adaptive), where the framework measures it.';
COMMENT ON COLUMN assessment_results.finding IS 'What was found. What is not met, or does not apply, needs words.';
COMMENT ON COLUMN assessment_results.assessed_by IS 'Who looked: users.id.';
COMMENT ON COLUMN assessment_results.assessed_at IS 'When.';
COMMENT ON COLUMN assessment_results.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT assessment_results_once ON assessment_results IS
    'The result for a control: WHERE assessment_id = $1 AND control_code = $2; the views.';

CREATE INDEX assessment_results_assessment_idx
    ON assessment_results (organisation_id, assessment_id, framework_code);
COMMENT ON INDEX assessment_results_assessment_idx IS
    'Results of an assessment; the foreign key to assessments; every policy.';
CREATE INDEX assessment_results_control_idx ON assessment_results (framework_code, control_code);
COMMENT ON INDEX assessment_results_control_idx IS
    'How a control fares: WHERE framework_code = $1 AND control_code = $2; the foreign key to controls.';
CREATE INDEX assessment_results_gaps_idx ON assessment_results (organisation_id, status)
    WHERE status IN ('not_implemented', 'partially_implemented');
COMMENT ON INDEX assessment_results_gaps_idx IS
    'Gaps of an organisation: WHERE organisation_id = $1 AND status = ''not_implemented''.';

-- -------------------------------------------------------------------------------------------------- evidence
CREATE TABLE evidence (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    result_id       uuid NOT NULL,
    title           text NOT NULL,
    location        text NOT NULL,
    sha256          bytea,
    collected_by    uuid NOT NULL,
    collected_at    timestamptz NOT NULL DEFAULT now(),
    expires_on      date,
    CONSTRAINT evidence_result_fkey FOREIGN KEY (result_id, organisation_id)
        REFERENCES assessment_results (id, organisation_id) ON DELETE RESTRICT,
    CONSTRAINT evidence_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT evidence_sha256_length CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE evidence IS
    'What shows that a control is met. Only added to: the application may neither change nor remove it.';
COMMENT ON COLUMN evidence.id IS 'Name of the piece.';
COMMENT ON COLUMN evidence.organisation_id IS 'Whose it is; the same as the result''s.';
COMMENT ON COLUMN evidence.result_id IS 'What it shows.';
COMMENT ON COLUMN evidence.title IS 'One line.';
COMMENT ON COLUMN evidence.location IS 'Where the document lies; the document itself is not here.';
COMMENT ON COLUMN evidence.sha256 IS 'Digest of the document, so that another one is noticed.';
COMMENT ON COLUMN evidence.collected_by IS 'Who brought it: users.id.';
COMMENT ON COLUMN evidence.collected_at IS 'When.';
COMMENT ON COLUMN evidence.expires_on IS 'From when on it shows nothing any more, as with certificates.';

CREATE INDEX evidence_result_idx ON evidence (result_id, organisation_id);
COMMENT ON INDEX evidence_result_idx IS 'Evidence for a result: WHERE result_id = $1; the foreign key to results.';
CREATE INDEX evidence_organisation_id_idx ON evidence (organisation_id, expires_on);
COMMENT ON INDEX evidence_organisation_id_idx IS
    'What runs out: WHERE organisation_id = $1 AND expires_on <= $2; every policy.';

-- --------------------------------------------------------------------------------------- remediation_actions
CREATE TABLE remediation_actions (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    result_id       uuid NOT NULL,
    title           text NOT NULL,
    severity        text NOT NULL,
    owner_user_id   uuid,
    due_on          date NOT NULL,
    completed_on    date,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT remediation_actions_result_fkey FOREIGN KEY (result_id, organisation_id)
        REFERENCES assessment_results (id, organisation_id) ON DELETE RESTRICT,
    CONSTRAINT remediation_actions_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT remediation_actions_severity_known CHECK (severity IN ('low', 'medium', 'high', 'critical'))
);
COMMENT ON TABLE remediation_actions IS
    'What is done about a gap. What it costs stands in the finance database, under this id.';
COMMENT ON COLUMN remediation_actions.id IS 'Name of the action; remediation_costs.action_id of the finance database.';
COMMENT ON COLUMN remediation_actions.organisation_id IS 'Whose it is; the same as the result''s.';
COMMENT ON COLUMN remediation_actions.result_id IS 'The gap.';
COMMENT ON COLUMN remediation_actions.title IS 'One line.';
COMMENT ON COLUMN remediation_actions.severity IS 'low, medium, high or critical.';
COMMENT ON COLUMN remediation_actions.owner_user_id IS 'Who does it: users.id.';
COMMENT ON COLUMN remediation_actions.due_on IS 'Until when.';
COMMENT ON COLUMN remediation_actions.completed_on IS 'When it was done; empty until then.';
COMMENT ON COLUMN remediation_actions.created_at IS 'When the row was made.';
COMMENT ON COLUMN remediation_actions.updated_at IS 'When the row last changed.';

CREATE INDEX remediation_actions_result_idx ON remediation_actions (organisation_id, result_id);
COMMENT ON INDEX remediation_actions_result_idx IS
    'What is done about a gap: WHERE organisation_id = $1 AND result_id = $2; the foreign key to results; every '
    'policy.';
CREATE INDEX remediation_actions_open_idx ON remediation_actions (organisation_id, due_on)
    WHERE completed_on IS NULL;
COMMENT ON INDEX remediation_actions_open_idx IS
    'Open actions, the next first: WHERE organisation_id = $1 AND completed_on IS NULL ORDER BY due_on.';

-- ---------------------------------------------------------------------------------------- triggers and views
CREATE TRIGGER assessments_touch BEFORE UPDATE ON assessments
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER assessment_results_touch BEFORE UPDATE ON assessment_results
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER remediation_actions_touch BEFORE UPDATE ON remediation_actions
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- Views run with the rights of whoever asks, so the policies of the tables hold in them.
CREATE VIEW posture WITH (security_invoker = true) AS
WITH latest AS (
    SELECT DISTINCT ON (organisation_id, framework_code) *
      FROM assessments ORDER BY organisation_id, framework_code, approved_at DESC NULLS LAST, starts_on DESC, id
)
SELECT latest.organisation_id,
       latest.framework_code,
       latest.id AS assessment_id,
       latest.status,
       latest.approved_at,
       count(*) FILTER (WHERE result.status = 'implemented') AS implemented,
       count(*) FILTER (WHERE result.status = 'partially_implemented') AS partially_implemented,
       count(*) FILTER (WHERE result.status = 'not_implemented') AS not_implemented,
       count(*) FILTER (WHERE result.status = 'not_applicable') AS not_applicable,
       count(*) FILTER (WHERE result.status IS NULL OR result.status = 'not_assessed') AS not_assessed,
       round(100.0 * (count(*) FILTER (WHERE result.status = 'implemented')
                      + 0.5 * count(*) FILTER (WHERE result.status = 'partially_implemented'))
             / nullif(count(*) FILTER (WHERE result.status IS DISTINCT FROM 'not_applicable'), 0), 1)
           AS compliance_percent,
       round(avg(result.maturity), 2) AS average_maturity
  FROM latest
  JOIN controls AS control ON control.framework_code = latest.framework_code AND control.is_assessable
  LEFT JOIN assessment_results AS result
    ON result.assessment_id = latest.id AND result.control_code = control.code
 GROUP BY latest.organisation_id, latest.framework_code, latest.id, latest.status, latest.approved_at;
COMMENT ON VIEW posture IS
    'Where each organisation stands with each framework: its newest approved assessment, else its newest. Half met '
    'counts half; what does not apply counts not at all; what nobody looked at counts as not met.';

CREATE VIEW carried_over WITH (security_invoker = true) AS
SELECT assessment.organisation_id,
       mapping.target_framework_code AS framework_code,
       mapping.target_control_code AS control_code,
       target.title_en,
       mapping.relation,
       result.framework_code AS from_framework_code,
       result.control_code AS from_control_code,
       result.status,
       assessment.approved_at
  FROM assessments AS assessment
  JOIN assessment_results AS result ON result.assessment_id = assessment.id
  JOIN control_mappings AS mapping
    ON mapping.framework_code = result.framework_code AND mapping.control_code = result.control_code
  JOIN controls AS target
    ON target.framework_code = mapping.target_framework_code AND target.code = mapping.target_control_code
 WHERE assessment.status = 'approved'
   AND result.status IN ('implemented', 'partially_implemented');
COMMENT ON VIEW carried_over IS
    'What an approved assessment already shows for another framework: where to begin with the next one.';

CREATE VIEW open_gaps WITH (security_invoker = true) AS
SELECT result.organisation_id,
       result.framework_code,
       result.control_code,
       control.title_en,
       result.status,
       result.finding,
       action.id AS action_id,
       action.title AS action_title,
       action.severity,
       action.due_on,
       action.due_on < current_date AS is_overdue
  FROM posture
  JOIN assessment_results AS result ON result.assessment_id = posture.assessment_id
  JOIN controls AS control
    ON control.framework_code = result.framework_code AND control.code = result.control_code
  LEFT JOIN remediation_actions AS action
    ON action.result_id = result.id AND action.organisation_id = result.organisation_id
   AND action.completed_on IS NULL
 WHERE result.status IN ('not_implemented', 'partially_implemented');
COMMENT ON VIEW open_gaps IS 'What is not met in the assessments that count, and what is being done about it.';
