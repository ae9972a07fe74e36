-- caisson: description Seven tables, their indexes and three views (LUM-1, LUM-2, LUM-3, LUM-11)
--
-- An entity is whoever is checked: a person, a company, a fund. It has no table of its own: entity_id is the name
-- that the outside world gave it, and a KYC check is where it enters. AML checks and decisions refer to that KYC check
-- together with its entity and jurisdiction, so none of them can ever speak of somebody else.
-- Checks are never changed into new ones: a renewal is a new row, and the views read the latest of each entity.

-- Provisioning has made it already; under plain psql it is made here (LUM-15).
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto') THEN
        CREATE EXTENSION pgcrypto;
    END IF;
END
$$;

CREATE TYPE check_status AS ENUM ('pending', 'approved', 'rejected', 'escalated', 'manual_review');
COMMENT ON TYPE check_status IS 'State of a check. pending, escalated and manual_review still need a decision.';

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true; called only when a row really changes.';

-- ---------------------------------------------------------------------------------------------------- users
CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL,
    full_name     text NOT NULL,
    role          text NOT NULL,
    jurisdiction  text,
    is_active     boolean NOT NULL DEFAULT true,
    last_login_at timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT users_full_name_given CHECK (btrim(full_name) <> ''),
    CONSTRAINT users_role_known CHECK (role IN ('admin', 'compliance_officer', 'analyst', 'agent')),
    CONSTRAINT users_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US'))
);
COMMENT ON TABLE users IS
    'Those who work here: people, and the agents that decide on their behalf. Deactivated, never deleted: checks '
    'and the audit trail name them.';
COMMENT ON COLUMN users.id IS 'Stable name of the account.';
COMMENT ON COLUMN users.email IS 'Address to sign in with; unique whatever its case.';
COMMENT ON COLUMN users.full_name IS 'As shown to colleagues and in reports.';
COMMENT ON COLUMN users.role IS 'admin, compliance_officer, analyst or agent (software).';
COMMENT ON COLUMN users.jurisdiction IS 'Where the account may decide (ISO 3166-1 alpha-2); empty: everywhere.';
COMMENT ON COLUMN users.is_active IS 'False once the account is closed.';
COMMENT ON COLUMN users.last_login_at IS 'Last sign-in; empty before the first.';
COMMENT ON COLUMN users.created_at IS 'When the account was made.';
COMMENT ON COLUMN users.updated_at IS 'When the row last changed.';

CREATE UNIQUE INDEX users_email_key ON users (lower(email));
COMMENT ON INDEX users_email_key IS 'Sign-in: WHERE lower(email) = lower($1). One account for each address.';
CREATE INDEX users_role_jurisdiction_idx ON users (role, jurisdiction) WHERE is_active;
COMMENT ON INDEX users_role_jurisdiction_idx IS
    'Whom to assign: WHERE is_active AND role = $1 AND jurisdiction = $2.';

-- ----------------------------------------------------------------------------------------------- kyc_checks
CREATE TABLE kyc_checks (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id          text NOT NULL,
    entity_name        text NOT NULL,
    entity_type        text NOT NULL,
    jurisdiction       text NOT NULL,
    status             check_status NOT NULL DEFAULT 'pending',
    score              smallint,
    is_accredited      boolean NOT NULL DEFAULT false,
    missing_documents  text[] NOT NULL DEFAULT '{}',
    provider           text,
    provider_reference text,
    notes              text,
    requested_by       uuid REFERENCES users (id) ON DELETE RESTRICT,
    reviewed_by        uuid REFERENCES users (id) ON DELETE RESTRICT,
    requested_at       timestamptz NOT NULL DEFAULT now(),
    decided_at         timestamptz,
    expires_at         timestamptz,
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT kyc_checks_identity UNIQUE (id, entity_id, jurisdiction),
    CONSTRAINT kyc_checks_entity_id_given CHECK (btrim(entity_id) <> ''),
    CONSTRAINT kyc_checks_entity_type_known CHECK (entity_type IN ('individual', 'company', 'fund')),
    CONSTRAINT kyc_checks_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US')),
    CONSTRAINT kyc_checks_score_range CHECK (score BETWEEN 0 AND 100),
    CONSTRAINT kyc_checks_approval_has_score CHECK (status <> 'approved' OR score IS NOT NULL),
    CONSTRAINT kyc_checks_decision_dated CHECK ((status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)),
    CONSTRAINT kyc_checks_decided_after_request CHECK (decided_at >= requested_at),
    CONSTRAINT kyc_checks_expires_after_decision CHECK (expires_at > decided_at)
);
COMMENT ON TABLE kyc_checks IS 'Know-your-customer checks: who an entity is. The latest of an entity counts.';
COMMENT ON COLUMN kyc_checks.id IS 'Name of the check.';
COMMENT ON COLUMN kyc_checks.entity_id IS 'Who is checked, by the name the outside world uses.';
COMMENT ON COLUMN kyc_checks.entity_name IS 'Legal name.';
COMMENT ON COLUMN kyc_checks.entity_type IS 'individual, company or fund.';
COMMENT ON COLUMN kyc_checks.jurisdiction IS 'Whose regime applies: AE, IN or US (ISO 3166-1 alpha-2).';
COMMENT ON COLUMN kyc_checks.status IS 'State of the check.';
COMMENT ON COLUMN kyc_checks.score IS 'Trust in the identity, 0 to 100, higher is better; empty until scored.';
COMMENT ON COLUMN kyc_checks.is_accredited IS 'Accredited or professional investor under the regime, verified.';
COMMENT ON COLUMN kyc_checks.missing_documents IS 'What the entity has still to hand in.';
COMMENT ON COLUMN kyc_checks.provider IS 'Who performed the check.';
COMMENT ON COLUMN kyc_checks.provider_reference IS 'The name of the check at the provider.';
COMMENT ON COLUMN kyc_checks.notes IS 'What a reviewer has to know.';
COMMENT ON COLUMN kyc_checks.requested_by IS 'Who asked for the check.';
COMMENT ON COLUMN kyc_checks.reviewed_by IS 'Who decided, or holds it.';
COMMENT ON COLUMN kyc_checks.requested_at IS 'When it was asked for; orders the checks of an entity.';
COMMENT ON COLUMN kyc_checks.decided_at IS 'When it was approved or rejected; empty while it is open.';
COMMENT ON COLUMN kyc_checks.expires_at IS 'When it must be renewed.';
COMMENT ON COLUMN kyc_checks.updated_at IS 'When the row last changed.';

CREATE INDEX kyc_checks_entity_idx ON kyc_checks (entity_id, requested_at DESC);
COMMENT ON INDEX kyc_checks_entity_idx IS
    'Latest check of an entity: WHERE entity_id = $1 ORDER BY requested_at DESC LIMIT 1; the views.';
CREATE INDEX kyc_checks_status_idx ON kyc_checks (status, requested_at);
COMMENT ON INDEX kyc_checks_status_idx IS 'Work queue, oldest first: WHERE status = $1 ORDER BY requested_at.';
CREATE INDEX kyc_checks_jurisdiction_idx ON kyc_checks (jurisdiction, status);
COMMENT ON INDEX kyc_checks_jurisdiction_idx IS
    'Desk of a jurisdiction: WHERE jurisdiction = $1 AND status = $2; counts for each.';
CREATE INDEX kyc_checks_score_idx ON kyc_checks (score) WHERE score IS NOT NULL;
COMMENT ON INDEX kyc_checks_score_idx IS 'Weak identities: WHERE score < $1 ORDER BY score.';
CREATE INDEX kyc_checks_expires_at_idx ON kyc_checks (expires_at) WHERE status = 'approved';
COMMENT ON INDEX kyc_checks_expires_at_idx IS 'Renewals due: WHERE status = ''approved'' AND expires_at < $1.';
CREATE INDEX kyc_checks_requested_by_idx ON kyc_checks (requested_by);
COMMENT ON INDEX kyc_checks_requested_by_idx IS 'Checks that a user asked for; the foreign key to users.';
CREATE INDEX kyc_checks_reviewed_by_idx ON kyc_checks (reviewed_by);
COMMENT ON INDEX kyc_checks_reviewed_by_idx IS 'Checks that a reviewer holds; the foreign key to users.';

-- ----------------------------------------------------------------------------------------------- aml_checks
CREATE TABLE aml_checks (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kyc_check_id        uuid NOT NULL,
    entity_id           text NOT NULL,
    jurisdiction        text NOT NULL,
    status              check_status NOT NULL DEFAULT 'pending',
    risk_score          smallint,
    risk_band           text GENERATED ALWAYS AS (
        CASE WHEN risk_score < 30 THEN 'LOW'
             WHEN risk_score < 85 THEN 'MEDIUM'
             WHEN risk_score >= 85 THEN 'CRITICAL' END
    ) STORED,
    sanctions_match     boolean NOT NULL DEFAULT false,
    pep_match           boolean NOT NULL DEFAULT false,
    adverse_media_match boolean NOT NULL DEFAULT false,
    matched_lists       text[] NOT NULL DEFAULT '{}',
    wallet_addresses    text[] NOT NULL DEFAULT '{}',
    provider            text,
    findings            jsonb NOT NULL DEFAULT '{}',
    reviewed_by         uuid REFERENCES users (id) ON DELETE RESTRICT,
    requested_at        timestamptz NOT NULL DEFAULT now(),
    decided_at          timestamptz,
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT aml_checks_identity UNIQUE (id, entity_id, jurisdiction),
    CONSTRAINT aml_checks_kyc_check_fkey FOREIGN KEY (kyc_check_id, entity_id, jurisdiction)
        REFERENCES kyc_checks (id, entity_id, jurisdiction) ON DELETE RESTRICT,
    CONSTRAINT aml_checks_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US')),
    CONSTRAINT aml_checks_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT aml_checks_approval_has_score CHECK (status <> 'approved' OR risk_score IS NOT NULL),
    CONSTRAINT aml_checks_sanctioned_never_approved CHECK (NOT (status = 'approved' AND sanctions_match)),
    CONSTRAINT aml_checks_decision_dated CHECK ((status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)),
    CONSTRAINT aml_checks_decided_after_request CHECK (decided_at >= requested_at),
    CONSTRAINT aml_checks_wallets_given CHECK (array_position(wallet_addresses, NULL) IS NULL),
    CONSTRAINT aml_checks_findings_object CHECK (jsonb_typeof(findings) = 'object')
);
COMMENT ON TABLE aml_checks IS 'Anti-money-laundering screenings of an entity, each for one KYC check.';
COMMENT ON COLUMN aml_checks.id IS 'Name of the screening.';
COMMENT ON COLUMN aml_checks.kyc_check_id IS
    'The KYC check it belongs to; entity and jurisdiction must be the same there.';
COMMENT ON COLUMN aml_checks.entity_id IS 'Who is screened.';
COMMENT ON COLUMN aml_checks.jurisdiction IS 'Whose regime applies: AE, IN or US.';
COMMENT ON COLUMN aml_checks.status IS 'State of the screening.';
COMMENT ON COLUMN aml_checks.risk_score IS 'Risk, 0 to 100, higher is worse; empty until screened.';
COMMENT ON COLUMN aml_checks.risk_band IS
    'LOW below 30, MEDIUM from 30 to below 85, CRITICAL from 85 (LUM-4); follows risk_score.';
COMMENT ON COLUMN aml_checks.sanctions_match IS 'On a sanctions list. Such a screening can never be approved.';
COMMENT ON COLUMN aml_checks.pep_match IS 'A politically exposed person is, owns or controls the entity.';
COMMENT ON COLUMN aml_checks.adverse_media_match IS 'Adverse media was found.';
COMMENT ON COLUMN aml_checks.matched_lists IS 'The lists that matched, such as OFAC SDN or UN Consolidated.';
COMMENT ON COLUMN aml_checks.wallet_addresses IS
    'Wallets of the entity as they were given; sanctions.aml_matches compares them.';
COMMENT ON COLUMN aml_checks.provider IS 'Who screened.';
COMMENT ON COLUMN aml_checks.findings IS 'What the provider reported, as an object.';
COMMENT ON COLUMN aml_checks.reviewed_by IS 'Who decided, or holds it.';
COMMENT ON COLUMN aml_checks.requested_at IS 'When it was asked for; orders the screenings of an entity.';
COMMENT ON COLUMN aml_checks.decided_at IS 'When it was approved or rejected; empty while it is open.';
COMMENT ON COLUMN aml_checks.updated_at IS 'When the row last changed.';

CREATE INDEX aml_checks_entity_idx ON aml_checks (entity_id, requested_at DESC);
COMMENT ON INDEX aml_checks_entity_idx IS
    'Latest screening of an entity: WHERE entity_id = $1 ORDER BY requested_at DESC LIMIT 1; the views.';
CREATE INDEX aml_checks_status_idx ON aml_checks (status, requested_at);
COMMENT ON INDEX aml_checks_status_idx IS 'Work queue, oldest first: WHERE status = $1 ORDER BY requested_at.';
CREATE INDEX aml_checks_jurisdiction_idx ON aml_checks (jurisdiction, status);
COMMENT ON INDEX aml_checks_jurisdiction_idx IS 'Desk of a jurisdiction: WHERE jurisdiction = $1 AND status = $2.';
CREATE INDEX aml_checks_risk_score_idx ON aml_checks (risk_score DESC) WHERE risk_score IS NOT NULL;
COMMENT ON INDEX aml_checks_risk_score_idx IS
    'Riskiest first: WHERE risk_score >= $1 ORDER BY risk_score DESC; high_risk_entities.';
CREATE INDEX aml_checks_sanctions_match_idx ON aml_checks (entity_id) WHERE sanctions_match;
COMMENT ON INDEX aml_checks_sanctions_match_idx IS 'Who is on a list: WHERE sanctions_match; high_risk_entities.';
CREATE INDEX aml_checks_kyc_check_idx ON aml_checks (kyc_check_id);
COMMENT ON INDEX aml_checks_kyc_check_idx IS 'Screenings of a KYC check; the foreign key to kyc_checks.';
CREATE INDEX aml_checks_reviewed_by_idx ON aml_checks (reviewed_by);
COMMENT ON INDEX aml_checks_reviewed_by_idx IS 'Screenings that a reviewer holds; the foreign key to users.';

-- ----------------------------------------------------------------------------------------- compliance_rules
CREATE TABLE compliance_rules (
    code            text PRIMARY KEY,
    jurisdiction    text NOT NULL,
    regime          text NOT NULL,
    category        text NOT NULL,
    title           text NOT NULL,
    requirement     text NOT NULL,
    source          text NOT NULL,
    parameters      jsonb NOT NULL DEFAULT '{}',
    severity        text NOT NULL,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT compliance_rules_code_form CHECK (code ~ '^(AE|IN|US)-[A-Z0-9]+(-[A-Z0-9]+)*$'),
    CONSTRAINT compliance_rules_code_jurisdiction CHECK (left(code, 2) = jurisdiction),
    CONSTRAINT compliance_rules_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US')),
    CONSTRAINT compliance_rules_category_known
        CHECK (category IN ('identity', 'accreditation', 'ownership', 'sanctions', 'pep', 'reporting', 'transfer')),
    CONSTRAINT compliance_rules_severity_known CHECK (severity IN ('advisory', 'required', 'blocking')),
    CONSTRAINT compliance_rules_parameters_object CHECK (jsonb_typeof(parameters) = 'object')
);
COMMENT ON TABLE compliance_rules IS 'What each jurisdiction demands, as the agents read it (LUM-4).';
COMMENT ON COLUMN compliance_rules.code IS 'Name of the rule: jurisdiction, regime, subject.';
COMMENT ON COLUMN compliance_rules.jurisdiction IS 'AE, IN or US.';
COMMENT ON COLUMN compliance_rules.regime IS
    'The regulator or law it comes from, such as VARA, SEBI or Reg D 506(c).';
COMMENT ON COLUMN compliance_rules.category IS
    'What it is about: identity, accreditation, ownership, sanctions, pep, reporting, transfer.';
COMMENT ON COLUMN compliance_rules.title IS 'One line.';
COMMENT ON COLUMN compliance_rules.requirement IS 'What has to be done, in a sentence or two.';
COMMENT ON COLUMN compliance_rules.source IS 'Where it is written.';
COMMENT ON COLUMN compliance_rules.parameters IS
    'Thresholds and terms for machines; amounts in whole units of the named currency.';
COMMENT ON COLUMN compliance_rules.severity IS
    'advisory, required, or blocking (an entity that fails it is not approved).';
COMMENT ON COLUMN compliance_rules.is_active IS 'False once the rule was superseded.';
COMMENT ON COLUMN compliance_rules.created_at IS 'When the row was made.';
COMMENT ON COLUMN compliance_rules.updated_at IS 'When the row last changed.';

CREATE INDEX compliance_rules_jurisdiction_idx ON compliance_rules (jurisdiction, category) WHERE is_active;
COMMENT ON INDEX compliance_rules_jurisdiction_idx IS
    'What the agents load: WHERE is_active AND jurisdiction = $1 [AND category = $2].';

-- ---------------------------------------------------------------------------------------- compliance_checks
CREATE TABLE compliance_checks (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id     text NOT NULL,
    jurisdiction  text NOT NULL,
    kyc_check_id  uuid NOT NULL,
    aml_check_id  uuid NOT NULL,
    status        check_status NOT NULL DEFAULT 'pending',
    risk_score    smallint,
    deciding_rule text REFERENCES compliance_rules (code) ON DELETE RESTRICT,
    rationale     text,
    decided_by    uuid REFERENCES users (id) ON DELETE RESTRICT,
    decided_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT compliance_checks_kyc_check_fkey FOREIGN KEY (kyc_check_id, entity_id, jurisdiction)
        REFERENCES kyc_checks (id, entity_id, jurisdiction) ON DELETE RESTRICT,
    CONSTRAINT compliance_checks_aml_check_fkey FOREIGN KEY (aml_check_id, entity_id, jurisdiction)
        REFERENCES aml_checks (id, entity_id, jurisdiction) ON DELETE RESTRICT,
    CONSTRAINT compliance_checks_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US')),
    CONSTRAINT compliance_checks_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT compliance_checks_decision_dated
        CHECK ((status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)),
    CONSTRAINT compliance_checks_decision_signed
        CHECK (status NOT IN ('approved', 'rejected') OR (decided_by IS NOT NULL AND rationale IS NOT NULL))
);
COMMENT ON TABLE compliance_checks IS 'The decision on an entity: its KYC and AML checks taken together.';
COMMENT ON COLUMN compliance_checks.id IS 'Name of the decision.';
COMMENT ON COLUMN compliance_checks.entity_id IS 'Who it is about.';
COMMENT ON COLUMN compliance_checks.jurisdiction IS 'Whose regime applies: AE, IN or US.';
COMMENT ON COLUMN compliance_checks.kyc_check_id IS 'The KYC check it rests on.';
COMMENT ON COLUMN compliance_checks.aml_check_id IS 'The AML screening it rests on.';
COMMENT ON COLUMN compliance_checks.status IS 'State of the decision.';
COMMENT ON COLUMN compliance_checks.risk_score IS 'Risk that was accepted or refused, 0 to 100, higher is worse.';
COMMENT ON COLUMN compliance_checks.deciding_rule IS 'The rule that decided it.';
COMMENT ON COLUMN compliance_checks.rationale IS 'Why; a decision without one is not accepted.';
COMMENT ON COLUMN compliance_checks.decided_by IS 'Who signed it.';
COMMENT ON COLUMN compliance_checks.decided_at IS 'When it was approved or rejected; empty while it is open.';
COMMENT ON COLUMN compliance_checks.created_at IS 'When the file was opened; orders the decisions on an entity.';
COMMENT ON COLUMN compliance_checks.updated_at IS 'When the row last changed.';

CREATE INDEX compliance_checks_entity_idx ON compliance_checks (entity_id, created_at DESC);
COMMENT ON INDEX compliance_checks_entity_idx IS
    'Latest decision on an entity: WHERE entity_id = $1 ORDER BY created_at DESC LIMIT 1; the views.';
CREATE INDEX compliance_checks_status_idx ON compliance_checks (status, created_at);
COMMENT ON INDEX compliance_checks_status_idx IS
    'Decisions to make, oldest first: WHERE status = $1 ORDER BY created_at.';
CREATE INDEX compliance_checks_jurisdiction_idx ON compliance_checks (jurisdiction, status);
COMMENT ON INDEX compliance_checks_jurisdiction_idx IS
    'Decisions of a jurisdiction: WHERE jurisdiction = $1 AND status = $2.';
CREATE INDEX compliance_checks_risk_score_idx ON compliance_checks (risk_score DESC) WHERE risk_score IS NOT NULL;
COMMENT ON INDEX compliance_checks_risk_score_idx IS
    'Riskiest decisions: WHERE risk_score >= $1 ORDER BY risk_score DESC.';
CREATE INDEX compliance_checks_kyc_check_idx ON compliance_checks (kyc_check_id);
COMMENT ON INDEX compliance_checks_kyc_check_idx IS
    'Decisions that rest on a KYC check; the foreign key to kyc_checks.';
CREATE INDEX compliance_checks_aml_check_idx ON compliance_checks (aml_check_id);
COMMENT ON INDEX compliance_checks_aml_check_idx IS
    'Decisions that rest on a screening; the foreign key to aml_checks.';
CREATE INDEX compliance_checks_deciding_rule_idx ON compliance_checks (deciding_rule);
COMMENT ON INDEX compliance_checks_deciding_rule_idx IS
    'Decisions that a rule brought about; the foreign key to compliance_rules.';
CREATE INDEX compliance_checks_decided_by_idx ON compliance_checks (decided_by);
COMMENT ON INDEX compliance_checks_decided_by_idx IS 'Decisions that a user signed; the foreign key to users.';

-- ----------------------------------------------------------------------------------------- decision_vectors
CREATE TABLE decision_vectors (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    compliance_check_id uuid NOT NULL REFERENCES compliance_checks (id) ON DELETE CASCADE,
    model               text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT decision_vectors_model_given CHECK (btrim(model) <> ''),
    CONSTRAINT decision_vectors_once_per_model UNIQUE (compliance_check_id, model)
);
COMMENT ON TABLE decision_vectors IS
    'Embeddings of decisions, to find similar cases. Derived: they go when their decision goes.';
COMMENT ON COLUMN decision_vectors.id IS 'Name of the embedding.';
COMMENT ON COLUMN decision_vectors.compliance_check_id IS 'The decision that was embedded.';
COMMENT ON COLUMN decision_vectors.model IS
    'The model that made it; vectors of different models must not be compared.';
COMMENT ON COLUMN decision_vectors.created_at IS 'When it was made.';
COMMENT ON CONSTRAINT decision_vectors_once_per_model ON decision_vectors IS
    'The embedding of a decision: WHERE compliance_check_id = $1 AND model = $2; its index also serves the '
    'foreign key.';

-- The embedding is a pgvector where the server offers one, and bytea where not (LUM-11). The extension is usually
-- there already, made by provisioning; under plain psql it is made here if the one who runs this may.
DO $$
DECLARE
    dimensions CONSTANT integer := 384;
    home text;
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector' AND installed_version IS NULL) THEN
        BEGIN
            CREATE EXTENSION vector;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'pgvector is offered, but % may not install it: embeddings are bytea', current_user;
        END;
    END IF;
    SELECT n.nspname INTO home
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';
    IF home IS NOT NULL THEN
        EXECUTE format('ALTER TABLE decision_vectors ADD COLUMN embedding %I.vector(%s) NOT NULL', home, dimensions);
        COMMENT ON COLUMN decision_vectors.embedding IS 'The embedding, 384 dimensions.';
        IF EXISTS (SELECT FROM pg_am WHERE amname = 'hnsw') THEN  -- pgvector 0.5 and later.
            EXECUTE format('CREATE INDEX decision_vectors_embedding_idx ON decision_vectors '
                           'USING hnsw (embedding %I.vector_cosine_ops)', home);
            COMMENT ON INDEX decision_vectors_embedding_idx IS 'Similar cases: ORDER BY embedding <=> $1 LIMIT 10.';
        END IF;
    ELSE
        EXECUTE format('ALTER TABLE decision_vectors ADD COLUMN embedding bytea NOT NULL '
                       'CONSTRAINT decision_vectors_embedding_length CHECK (octet_length(embedding) = %s)',
                       4 * dimensions);
        COMMENT ON COLUMN decision_vectors.embedding IS
            'The embedding: 384 IEEE 754 single-precision numbers, big-endian.';
    END IF;
END
$$;

-- ----------------------------------------------------------------------------------------------- audit_logs
CREATE TABLE audit_logs (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at  timestamptz NOT NULL DEFAULT now(),
    actor_id     uuid REFERENCES users (id) ON DELETE RESTRICT,
    actor_kind   text NOT NULL,
    action       text NOT NULL,
    object_type  text NOT NULL,
    object_id    text NOT NULL,
    entity_id    text,
    jurisdiction text,
    details      jsonb NOT NULL DEFAULT '{}',
    request_id   text,
    source_ip    inet,
    CONSTRAINT audit_logs_actor_kind_known CHECK (actor_kind IN ('user', 'service', 'system')),
    CONSTRAINT audit_logs_user_named CHECK (actor_kind <> 'user' OR actor_id IS NOT NULL),
    CONSTRAINT audit_logs_action_form CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    CONSTRAINT audit_logs_jurisdiction_known CHECK (jurisdiction IN ('AE', 'IN', 'US')),
    CONSTRAINT audit_logs_details_object CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE audit_logs IS
    'Who did what, when, to whom. Only added to: the application may neither change nor remove an entry. What it '
    'speaks of may be gone, therefore it names objects instead of referring to them.';
COMMENT ON COLUMN audit_logs.id IS 'Name of the entry.';
COMMENT ON COLUMN audit_logs.occurred_at IS 'When it happened.';
COMMENT ON COLUMN audit_logs.actor_id IS 'The account that acted; empty for the system itself.';
COMMENT ON COLUMN audit_logs.actor_kind IS 'user, service or system.';
COMMENT ON COLUMN audit_logs.action IS 'What was done, such as kyc.approved.';
COMMENT ON COLUMN audit_logs.object_type IS 'The table of what it was done to.';
COMMENT ON COLUMN audit_logs.object_id IS 'The key of what it was done to.';
COMMENT ON COLUMN audit_logs.entity_id IS 'The entity concerned, if one is.';
COMMENT ON COLUMN audit_logs.jurisdiction IS 'Whose regime applied: AE, IN or US.';
COMMENT ON COLUMN audit_logs.details IS 'What else an auditor needs, as an object.';
COMMENT ON COLUMN audit_logs.request_id IS 'The request that caused it, as in the logs of the service.';
COMMENT ON COLUMN audit_logs.source_ip IS 'Where the request came from.';

CREATE INDEX audit_logs_entity_idx ON audit_logs (entity_id, occurred_at DESC);
COMMENT ON INDEX audit_logs_entity_idx IS 'History of an entity: WHERE entity_id = $1 ORDER BY occurred_at DESC.';
CREATE INDEX audit_logs_object_idx ON audit_logs (object_type, object_id);
COMMENT ON INDEX audit_logs_object_idx IS 'History of a row: WHERE object_type = $1 AND object_id = $2.';
CREATE INDEX audit_logs_actor_idx ON audit_logs (actor_id, occurred_at DESC);
COMMENT ON INDEX audit_logs_actor_idx IS
    'What an account did: WHERE actor_id = $1 ORDER BY occurred_at DESC; the foreign key to users.';
CREATE INDEX audit_logs_action_idx ON audit_logs (action, occurred_at DESC);
COMMENT ON INDEX audit_logs_action_idx IS 'Every use of an action: WHERE action = $1 AND occurred_at >= $2.';
CREATE INDEX audit_logs_occurred_at_idx ON audit_logs USING brin (occurred_at);
COMMENT ON INDEX audit_logs_occurred_at_idx IS
    'A period: WHERE occurred_at BETWEEN $1 AND $2. Entries come in order, so BRIN is small.';

-- ------------------------------------------------------------------------------------------------- triggers
CREATE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER kyc_checks_touch BEFORE UPDATE ON kyc_checks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
-- Without WHEN: a condition of a BEFORE trigger may not look at a generated column, and OLD.* holds risk_band.
CREATE TRIGGER aml_checks_touch BEFORE UPDATE ON aml_checks
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER compliance_rules_touch BEFORE UPDATE ON compliance_rules
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER compliance_checks_touch BEFORE UPDATE ON compliance_checks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- ---------------------------------------------------------------------------------------------------- views
CREATE VIEW pending_approvals WITH (security_invoker = true) AS
WITH kyc AS (
    SELECT DISTINCT ON (entity_id) * FROM kyc_checks ORDER BY entity_id, requested_at DESC, id
), aml AS (
    SELECT DISTINCT ON (entity_id) * FROM aml_checks ORDER BY entity_id, requested_at DESC, id
), decision AS (
    SELECT DISTINCT ON (entity_id) * FROM compliance_checks ORDER BY entity_id, created_at DESC, id
)
SELECT kyc.entity_id,
       kyc.entity_name,
       kyc.entity_type,
       kyc.jurisdiction,
       kyc.status AS kyc_status,
       aml.status AS aml_status,
       decision.status AS decision_status,
       kyc.score AS kyc_score,
       aml.risk_score,
       aml.risk_band,
       kyc.missing_documents,
       kyc.reviewed_by,
       least(CASE WHEN kyc.status IN ('pending', 'escalated', 'manual_review') THEN kyc.requested_at END,
             CASE WHEN aml.status IN ('pending', 'escalated', 'manual_review') THEN aml.requested_at END,
             CASE WHEN decision.status IN ('pending', 'escalated', 'manual_review') THEN decision.created_at END)
           AS open_since
  FROM kyc
  LEFT JOIN aml ON aml.entity_id = kyc.entity_id
  LEFT JOIN decision ON decision.entity_id = kyc.entity_id
 WHERE kyc.status IN ('pending', 'escalated', 'manual_review')
    OR aml.status IN ('pending', 'escalated', 'manual_review')
    OR decision.status IN ('pending', 'escalated', 'manual_review');
COMMENT ON VIEW pending_approvals IS
    'Entities that still need a decision: their latest KYC check, AML screening or decision is pending, escalated '
    'or in manual review (LUM-3).';

CREATE VIEW high_risk_entities WITH (security_invoker = true) AS
WITH aml AS (
    SELECT DISTINCT ON (entity_id) * FROM aml_checks ORDER BY entity_id, requested_at DESC, id
), kyc AS (
    SELECT DISTINCT ON (entity_id) * FROM kyc_checks ORDER BY entity_id, requested_at DESC, id
)
SELECT aml.entity_id,
       kyc.entity_name,
       kyc.entity_type,
       aml.jurisdiction,
       aml.status AS aml_status,
       aml.risk_score,
       aml.risk_band,
       aml.sanctions_match,
       aml.pep_match,
       aml.adverse_media_match,
       aml.matched_lists,
       aml.requested_at AS screened_at
  FROM aml
  JOIN kyc ON kyc.entity_id = aml.entity_id
 WHERE aml.risk_score >= 85 OR aml.sanctions_match;
COMMENT ON VIEW high_risk_entities IS
    'Entities whose latest AML screening is CRITICAL (85 and above) or met a sanctions list (LUM-3).';

CREATE VIEW compliance_summary WITH (security_invoker = true) AS
WITH kyc AS (
    SELECT DISTINCT ON (entity_id) * FROM kyc_checks ORDER BY entity_id, requested_at DESC, id
), aml AS (
    SELECT DISTINCT ON (entity_id) * FROM aml_checks ORDER BY entity_id, requested_at DESC, id
)
SELECT kyc.jurisdiction,
       count(*) AS entities,
       count(*) FILTER (WHERE kyc.status = 'approved') AS approved,
       count(*) FILTER (WHERE kyc.status = 'pending') AS pending,
       count(*) FILTER (WHERE kyc.status = 'escalated') AS escalated,
       count(*) FILTER (WHERE kyc.status = 'manual_review') AS manual_review,
       count(*) FILTER (WHERE kyc.status = 'rejected') AS rejected,
       count(*) FILTER (WHERE aml.risk_band = 'LOW') AS low_risk,
       count(*) FILTER (WHERE aml.risk_band = 'MEDIUM') AS medium_risk,
       count(*) FILTER (WHERE aml.risk_band = 'CRITICAL') AS critical_risk,
       count(*) FILTER (WHERE aml.risk_band IS NULL) AS unscored,
       round(avg(kyc.score), 1) AS average_kyc_score,
       round(avg(aml.risk_score), 1) AS average_risk_score
  FROM kyc
  LEFT JOIN aml ON aml.entity_id = kyc.entity_id
 GROUP BY kyc.jurisdiction;
COMMENT ON VIEW compliance_summary IS
    'Where each jurisdiction stands: entities by state of their latest KYC check and by risk band of their latest '
    'AML screening (LUM-3).';

-- ----------------------------------------------------------------------------------------------- privileges
-- Roles and their usual privileges come from provisioning; here stands only what is special to a table. Their names
-- begin as that of the database's owner does (compliance_db_owner, compliance_db_app). Under plain psql they may not
-- exist, and there is nothing to take away then.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    application CONSTANT name := prefix || '_app';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_logs FROM %I', application);
    END IF;
END
$$;
