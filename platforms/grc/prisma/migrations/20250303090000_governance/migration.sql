-- caisson: description Policies of an organisation, and the controls that they answer to

-- CreateEnum
CREATE TYPE policy_status AS ENUM ('draft', 'in_review', 'approved', 'retired');
COMMENT ON TYPE policy_status IS 'Life of a policy; only an approved one counts.';

-- CreateTable
CREATE TABLE policies (
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid NOT NULL,
    code            text NOT NULL,
    title_en        text NOT NULL,
    title_ar        text,
    status          policy_status NOT NULL DEFAULT 'draft',
    edition         bigint NOT NULL DEFAULT 1,
    owner_user_id   uuid,
    approved_by     uuid,
    approved_at     timestamptz,
    review_due_on   date,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT policies_pkey PRIMARY KEY (id),
    CONSTRAINT policies_organisation_id_fkey
        FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE RESTRICT,
    CONSTRAINT policies_title_en_given CHECK (btrim(title_en) <> ''),
    CONSTRAINT policies_title_ar_script CHECK (title_ar ~ '[ء-ي]'),
    CONSTRAINT policies_edition_counts CHECK (edition >= 1),
    CONSTRAINT policies_approval_signed CHECK (
        status NOT IN ('approved', 'retired') OR (approved_by IS NOT NULL AND approved_at IS NOT NULL)),
    CONSTRAINT policies_approval_reviewed CHECK (status <> 'approved' OR review_due_on IS NOT NULL)
);
COMMENT ON TABLE policies IS 'What an organisation has laid down. Retired, never deleted: assessments rely on them.';
COMMENT ON COLUMN policies.id IS 'Name of the policy.';
COMMENT ON COLUMN policies.organisation_id IS 'Whose it is.';
COMMENT ON COLUMN policies.code IS 'Its name in the organisation, such as POL-007.';
COMMENT ON COLUMN policies.title_en IS 'Title in English.';
COMMENT ON COLUMN policies.title_ar IS 'Title in Arabic.';
COMMENT ON COLUMN policies.status IS 'State of this edition.';
COMMENT ON COLUMN policies.edition IS 'Counts from 1; a new edition replaces the row, and the trail keeps the old one.';
COMMENT ON COLUMN policies.owner_user_id IS 'Who keeps it current: users.id.';
COMMENT ON COLUMN policies.approved_by IS 'Who signed: users.id.';
COMMENT ON COLUMN policies.approved_at IS 'When it was signed.';
COMMENT ON COLUMN policies.review_due_on IS 'Last day for the next review (ECC 1-3-4).';
COMMENT ON COLUMN policies.created_at IS 'When it was drafted.';
COMMENT ON COLUMN policies.updated_at IS 'When the row last changed.';

-- CreateTable
CREATE TABLE policy_controls (
    policy_id       uuid NOT NULL,
    organisation_id uuid NOT NULL,
    framework_code  text NOT NULL,
    control_code    text NOT NULL,

    CONSTRAINT policy_controls_pkey PRIMARY KEY (policy_id, framework_code, control_code),
    CONSTRAINT policy_controls_framework_code_form CHECK (framework_code ~ '^[A-Z0-9]+(-[A-Z0-9.]+)*$'),
    CONSTRAINT policy_controls_control_code_form CHECK (control_code ~ '^[0-9]+([-.][0-9]+)*$')
);
COMMENT ON TABLE policy_controls IS 'Which controls a policy answers to.';
COMMENT ON COLUMN policy_controls.policy_id IS 'The policy.';
COMMENT ON COLUMN policy_controls.organisation_id IS 'Whose policy it is; the same as there.';
COMMENT ON COLUMN policy_controls.framework_code IS 'frameworks.code of the compliance database.';
COMMENT ON COLUMN policy_controls.control_code IS 'controls.code there, as the document writes it: 1-3-1, 3.1.3, 12.';

-- CreateIndex
CREATE UNIQUE INDEX policies_organisation_id_code_key ON policies (organisation_id, code);
COMMENT ON INDEX policies_organisation_id_code_key IS
    'A policy by its name: WHERE organisation_id = $1 AND code = $2; the policies of an organisation.';

-- CreateIndex
CREATE UNIQUE INDEX policies_id_organisation_id_key ON policies (id, organisation_id);
COMMENT ON INDEX policies_id_organisation_id_key IS
    'Lets policy_controls refer to a policy together with its organisation, so that neither can speak of another''s.';

-- CreateIndex
CREATE INDEX policies_review_due_on_idx ON policies (review_due_on);
COMMENT ON INDEX policies_review_due_on_idx IS 'Reviews due: WHERE review_due_on <= $1 ORDER BY review_due_on.';

-- CreateIndex
CREATE INDEX policy_controls_policy_id_organisation_id_idx ON policy_controls (policy_id, organisation_id);
COMMENT ON INDEX policy_controls_policy_id_organisation_id_idx IS 'The foreign key to policies.';

-- CreateIndex
CREATE INDEX policy_controls_organisation_id_framework_code_control_code_idx
    ON policy_controls (organisation_id, framework_code, control_code);
COMMENT ON INDEX policy_controls_organisation_id_framework_code_control_code_idx IS
    'Which policies answer to a control: WHERE organisation_id = $1 AND framework_code = $2 AND control_code = $3.';

-- AddForeignKey
ALTER TABLE policy_controls ADD CONSTRAINT policy_controls_policy_id_organisation_id_fkey
    FOREIGN KEY (policy_id, organisation_id) REFERENCES policies (id, organisation_id) ON DELETE CASCADE;
