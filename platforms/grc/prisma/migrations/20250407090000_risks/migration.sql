-- caisson: description The risk register: what may happen, and what is done about it (SAMA CSF 3.2.1, ECC 1-5)

-- CreateEnum
CREATE TYPE risk_status AS ENUM ('open', 'treated', 'closed');
COMMENT ON TYPE risk_status IS 'open: above what is accepted; treated: a treatment holds it; closed: gone.';

-- CreateEnum
CREATE TYPE treatment_strategy AS ENUM ('accept', 'avoid', 'transfer', 'mitigate');
COMMENT ON TYPE treatment_strategy IS 'The four answers to a risk (SAMA CSF 3.2.1.3).';

-- CreateTable
-- caisson: lint-ignore prefer-bigint-over-smallint scales from 1 to 5 never grow
CREATE TABLE risks (
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    code            text NOT NULL,
    title           text NOT NULL,
    description     text,
    category        text NOT NULL,
    likelihood      smallint NOT NULL,
    impact          smallint NOT NULL,
    status          risk_status NOT NULL DEFAULT 'open',
    owner_user_id   uuid,
    identified_on   date NOT NULL DEFAULT current_date,
    review_due_on   date,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT risks_pkey PRIMARY KEY (id),
    CONSTRAINT risks_organisation_id_fkey
        FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE RESTRICT,
    CONSTRAINT risks_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT risks_category_known CHECK (
        category IN ('cybersecurity', 'privacy', 'third_party', 'operational', 'regulatory', 'financial')),
    CONSTRAINT risks_likelihood_scale CHECK (likelihood BETWEEN 1 AND 5),
    CONSTRAINT risks_impact_scale CHECK (impact BETWEEN 1 AND 5)
);
COMMENT ON TABLE risks IS 'What may happen to an organisation. Closed, never deleted.';
COMMENT ON COLUMN risks.id IS 'Name of the risk.';
COMMENT ON COLUMN risks.organisation_id IS 'Whose it is.';
COMMENT ON COLUMN risks.code IS 'Its name in the register, such as R-012.';
COMMENT ON COLUMN risks.title IS 'One line.';
COMMENT ON COLUMN risks.description IS 'Cause, event, consequence.';
COMMENT ON COLUMN risks.category IS 'cybersecurity, privacy, third_party, operational, regulatory or financial.';
COMMENT ON COLUMN risks.likelihood IS 'Before treatment, 1 (rare) to 5 (almost certain).';
COMMENT ON COLUMN risks.impact IS 'Before treatment, 1 (negligible) to 5 (severe).';
COMMENT ON COLUMN risks.status IS 'Where it stands.';
COMMENT ON COLUMN risks.owner_user_id IS 'Who answers for it: users.id.';
COMMENT ON COLUMN risks.identified_on IS 'When it was found.';
COMMENT ON COLUMN risks.review_due_on IS 'Last day for the next review.';
COMMENT ON COLUMN risks.created_at IS 'When the row was made.';
COMMENT ON COLUMN risks.updated_at IS 'When the row last changed.';

-- CreateTable
-- caisson: lint-ignore prefer-bigint-over-smallint scales from 1 to 5 never grow
CREATE TABLE risk_treatments (
    id                  uuid NOT NULL DEFAULT gen_random_uuid(),
    risk_id             uuid NOT NULL,
    organisation_id     uuid NOT NULL,
    strategy            treatment_strategy NOT NULL,
    plan                text NOT NULL,
    framework_code      text,
    control_code        text,
    due_on              date,
    completed_on        date,
    residual_likelihood smallint,
    residual_impact     smallint,
    accepted_by         uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT risk_treatments_pkey PRIMARY KEY (id),
    CONSTRAINT risk_treatments_plan_given CHECK (btrim(plan) <> ''),
    CONSTRAINT risk_treatments_control_whole CHECK ((framework_code IS NULL) = (control_code IS NULL)),
    CONSTRAINT risk_treatments_framework_code_form CHECK (framework_code ~ '^[A-Z0-9]+(-[A-Z0-9.]+)*$'),
    CONSTRAINT risk_treatments_control_code_form CHECK (control_code ~ '^[0-9]+([-.][0-9]+)*$'),
    CONSTRAINT risk_treatments_residual_scale CHECK (
        residual_likelihood BETWEEN 1 AND 5 AND residual_impact BETWEEN 1 AND 5),
    CONSTRAINT risk_treatments_residual_whole CHECK ((residual_likelihood IS NULL) = (residual_impact IS NULL)),
    CONSTRAINT risk_treatments_acceptance_signed CHECK (strategy <> 'accept' OR accepted_by IS NOT NULL)
);
COMMENT ON TABLE risk_treatments IS 'What is done about a risk. The newest counts.';
COMMENT ON COLUMN risk_treatments.id IS 'Name of the treatment.';
COMMENT ON COLUMN risk_treatments.risk_id IS 'The risk.';
COMMENT ON COLUMN risk_treatments.organisation_id IS 'Whose risk it is; the same as there.';
COMMENT ON COLUMN risk_treatments.strategy IS 'accept, avoid, transfer or mitigate.';
COMMENT ON COLUMN risk_treatments.plan IS 'What is to be done, or why nothing is.';
COMMENT ON COLUMN risk_treatments.framework_code IS
    'frameworks.code of the compliance database, where a control answers the risk.';
COMMENT ON COLUMN risk_treatments.control_code IS 'The control there.';
COMMENT ON COLUMN risk_treatments.due_on IS 'Until when.';
COMMENT ON COLUMN risk_treatments.completed_on IS 'When it was done; empty until then.';
COMMENT ON COLUMN risk_treatments.residual_likelihood IS 'After treatment, 1 to 5.';
COMMENT ON COLUMN risk_treatments.residual_impact IS 'After treatment, 1 to 5.';
COMMENT ON COLUMN risk_treatments.accepted_by IS 'Who accepted what remains: users.id. An acceptance needs a name.';
COMMENT ON COLUMN risk_treatments.created_at IS 'When it was decided; orders the treatments of a risk.';

-- CreateIndex
CREATE UNIQUE INDEX risks_organisation_id_code_key ON risks (organisation_id, code);
COMMENT ON INDEX risks_organisation_id_code_key IS
    'A risk by its name: WHERE organisation_id = $1 AND code = $2; the register of an organisation.';

-- CreateIndex
CREATE UNIQUE INDEX risks_id_organisation_id_key ON risks (id, organisation_id);
COMMENT ON INDEX risks_id_organisation_id_key IS
    'Lets risk_treatments refer to a risk together with its organisation, so that neither can speak of another''s.';

-- CreateIndex
CREATE INDEX risks_organisation_id_status_idx ON risks (organisation_id, status);
COMMENT ON INDEX risks_organisation_id_status_idx IS 'Open risks: WHERE organisation_id = $1 AND status = ''open''.';

-- CreateIndex
CREATE INDEX risk_treatments_risk_id_organisation_id_created_at_idx
    ON risk_treatments (risk_id, organisation_id, created_at DESC);
COMMENT ON INDEX risk_treatments_risk_id_organisation_id_created_at_idx IS
    'Newest treatment of a risk: WHERE risk_id = $1 ORDER BY created_at DESC LIMIT 1; the foreign key to risks.';

-- CreateIndex
CREATE INDEX risk_treatments_organisation_id_due_on_idx ON risk_treatments (organisation_id, due_on);
COMMENT ON INDEX risk_treatments_organisation_id_due_on_idx IS
    'What is due: WHERE organisation_id = $1 AND due_on <= $2; the rows of an organisation.';

-- AddForeignKey
ALTER TABLE risk_treatments ADD CONSTRAINT risk_treatments_risk_id_organisation_id_fkey
    FOREIGN KEY (risk_id, organisation_id) REFERENCES risks (id, organisation_id) ON DELETE CASCADE;
