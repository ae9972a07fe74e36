-- caisson: description Thirteen tables, who may see which row, and the history as a view (KYB-1)
-- caisson: lint-ignore-file prefer-bigint-over-smallint, prefer-bigint-over-int scores and counts here have bounds
--
-- A user is a customer's account or one of us. A business belongs to the user who asked about it; what was found out
-- about it (classifications, risk assessments, compliance checks) hangs below. How risky and how compliant a business
-- is stands at the business itself, so that lists need one table; triggers put it there, and nobody else may.
--
-- Row-level security: a session says on whose behalf it works, for one transaction,
--     SELECT set_config('app.current_user_id', $1, true)
-- and sees the rows of this user; without it, none. 002 adds what roles see beyond that. The setting is asked for in a
-- sub-select, so that it is read once for a statement and indexes can be used. The policies do not bind the owner of
-- the tables (no FORCE): nobody logs in as the owner, a migration that fills a column has to see every row, and the
-- functions by which somebody signs in run as the owner, when there is no user yet.
--
-- States are text with a CHECK, not enums: under row-level security a condition reaches an index only if its operator
-- is leakproof, and those of enums (and of numeric) are not. For the same reason scores are smallint.

-- Provisioning has made them already; under plain psql they are made here.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE EXTENSION pg_trgm;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
        CREATE EXTENSION btree_gist;
    END IF;
END
$$;

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true.';

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a new row that says what is true now.';
END
$$;
COMMENT ON FUNCTION refuse_change() IS 'Refuses UPDATE and TRUNCATE, whoever asks.';

-- ---------------------------------------------------------------------------------------------------- users
CREATE TABLE users (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email             text NOT NULL,
    full_name         text NOT NULL,
    company           text,
    password_hash     text,
    status            text NOT NULL DEFAULT 'pending',
    email_verified_at timestamptz,
    failed_sign_ins   smallint NOT NULL DEFAULT 0,
    locked_until      timestamptz,
    last_sign_in_at   timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT users_full_name_given CHECK (btrim(full_name) <> ''),
    CONSTRAINT users_password_hashed CHECK (password_hash ~ '^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$'),
    CONSTRAINT users_status_known CHECK (status IN ('pending', 'active', 'suspended', 'closed')),
    CONSTRAINT users_active_verified CHECK (status <> 'active' OR email_verified_at IS NOT NULL),
    CONSTRAINT users_failed_sign_ins_range CHECK (failed_sign_ins >= 0)
);
COMMENT ON TABLE users IS
    'Accounts: how somebody signs in, and who that is. Closed, never deleted: checks and the audit trail name them.';
COMMENT ON COLUMN users.id IS 'Stable name of the account; what app.current_user_id holds.';
COMMENT ON COLUMN users.email IS 'Address to sign in with; unique whatever its case.';
COMMENT ON COLUMN users.full_name IS 'As shown to colleagues and in reports.';
COMMENT ON COLUMN users.company IS 'Whom the user works for.';
COMMENT ON COLUMN users.password_hash IS
    'Argon2id, in PHC format. Empty until the person has chosen a password through a reset token.';
COMMENT ON COLUMN users.status IS
    'pending until the address is confirmed, then active; suspended and closed may do nothing.';
COMMENT ON COLUMN users.email_verified_at IS 'When the address was confirmed; confirm_email() sets it.';
COMMENT ON COLUMN users.failed_sign_ins IS 'Wrong passwords since the last right one.';
COMMENT ON COLUMN users.locked_until IS 'No sign-in before this moment.';
COMMENT ON COLUMN users.last_sign_in_at IS 'Last sign-in; empty before the first.';
COMMENT ON COLUMN users.created_at IS 'When the account was made.';
COMMENT ON COLUMN users.updated_at IS 'When the row last changed.';

CREATE UNIQUE INDEX users_email_key ON users (lower(email));
COMMENT ON INDEX users_email_key IS 'Sign-in: WHERE lower(email) = lower($1); one account for each address.';

-- ----------------------------------------------------------------------------------------------- businesses
CREATE TABLE businesses (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id            uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    legal_name          text NOT NULL,
    trading_name        text,
    jurisdiction        text NOT NULL,
    registration_number text NOT NULL,
    registration_key    text GENERATED ALWAYS AS (
        upper(regexp_replace(registration_number, '[[:space:]./_-]+', '', 'g') COLLATE "C")
    ) STORED,
    legal_form          text,
    tax_id              text,
    industry            text,
    founded_on          date,
    employee_count      integer,
    annual_revenue      numeric(18, 2),
    revenue_currency    text,
    street              text,
    city                text,
    region              text,
    postal_code         text,
    country             text,
    website             text,
    contact_name        text,
    contact_email       text,
    contact_phone       text,
    status              text NOT NULL DEFAULT 'active',
    risk_level          text,
    risk_score          smallint,
    risk_assessed_at    timestamptz,
    compliance_status   text NOT NULL DEFAULT 'unknown',
    search_name         text GENERATED ALWAYS AS (lower(legal_name || coalesce(' ' || trading_name, ''))) STORED,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT businesses_registration_once UNIQUE (owner_id, jurisdiction, registration_key),
    CONSTRAINT businesses_legal_name_given CHECK (btrim(legal_name) <> ''),
    CONSTRAINT businesses_jurisdiction_form CHECK (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    CONSTRAINT businesses_registration_given CHECK (registration_key <> ''),
    CONSTRAINT businesses_employee_count_range CHECK (employee_count >= 0),
    CONSTRAINT businesses_revenue_with_currency CHECK ((annual_revenue IS NULL) = (revenue_currency IS NULL)),
    CONSTRAINT businesses_revenue_currency_form CHECK (revenue_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT businesses_country_form CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT businesses_website_form CHECK (website ~ '^https?://[^[:space:]]+$'),
    CONSTRAINT businesses_contact_email_form CHECK (contact_email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT businesses_status_known CHECK (status IN ('active', 'suspended', 'archived')),
    CONSTRAINT businesses_risk_level_known CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
    CONSTRAINT businesses_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT businesses_risk_together CHECK (num_nulls(risk_level, risk_score, risk_assessed_at) IN (0, 3)),
    CONSTRAINT businesses_compliance_known
        CHECK (compliance_status IN ('unknown', 'pending', 'compliant', 'non_compliant'))
);
COMMENT ON TABLE businesses IS
    'Businesses that somebody asked about: registration, contact, and where they stand. What was checked cannot be '
    'deleted, only archived.';
COMMENT ON COLUMN businesses.id IS 'Name of the business here.';
COMMENT ON COLUMN businesses.owner_id IS 'The user who asked about it, and sees it.';
COMMENT ON COLUMN businesses.legal_name IS 'As registered.';
COMMENT ON COLUMN businesses.trading_name IS 'As customers know it, if that is another name.';
COMMENT ON COLUMN businesses.jurisdiction IS
    'Where it is registered: ISO 3166-1 (DE), or ISO 3166-2 where states keep the registers (US-DE).';
COMMENT ON COLUMN businesses.registration_number IS 'As the register writes it.';
COMMENT ON COLUMN businesses.registration_key IS
    'The registration number without blanks and punctuation, in capitals: HRB 86-891 and hrb86891 are one.';
COMMENT ON COLUMN businesses.legal_form IS 'Such as GmbH, LLC, Private Limited Company.';
COMMENT ON COLUMN businesses.tax_id IS 'As the tax authority writes it.';
COMMENT ON COLUMN businesses.industry IS 'What it says of itself; business_classifications hold what we think.';
COMMENT ON COLUMN businesses.founded_on IS 'Day of its registration.';
COMMENT ON COLUMN businesses.employee_count IS 'Employees, as last reported.';
COMMENT ON COLUMN businesses.annual_revenue IS 'Revenue of its last year, in revenue_currency.';
COMMENT ON COLUMN businesses.revenue_currency IS 'ISO 4217.';
COMMENT ON COLUMN businesses.street IS 'Street and number.';
COMMENT ON COLUMN businesses.city IS 'City.';
COMMENT ON COLUMN businesses.region IS 'State, province, county.';
COMMENT ON COLUMN businesses.postal_code IS 'Postal code.';
COMMENT ON COLUMN businesses.country IS 'Country of the address, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN businesses.website IS 'Its website.';
COMMENT ON COLUMN businesses.contact_name IS 'Whom to ask.';
COMMENT ON COLUMN businesses.contact_email IS 'Where to write.';
COMMENT ON COLUMN businesses.contact_phone IS 'Where to call.';
COMMENT ON COLUMN businesses.status IS 'active, suspended (not to be dealt with) or archived.';
COMMENT ON COLUMN businesses.risk_level IS 'Of the newest risk assessment; empty before the first. Set by trigger.';
COMMENT ON COLUMN businesses.risk_score IS 'Of the newest risk assessment. Set by trigger.';
COMMENT ON COLUMN businesses.risk_assessed_at IS 'Of the newest risk assessment. Set by trigger.';
COMMENT ON COLUMN businesses.compliance_status IS
    'What the newest compliance check of each type adds up to. Set by trigger; compliance_of() says how.';
COMMENT ON COLUMN businesses.search_name IS 'Both names in small letters; search_businesses() looks here.';
COMMENT ON COLUMN businesses.created_at IS 'When somebody first asked.';
COMMENT ON COLUMN businesses.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT businesses_registration_once ON businesses IS
    'One registration in a jurisdiction is one business of its owner; its index also serves the foreign key and '
    'WHERE owner_id = $1 AND jurisdiction = $2 AND registration_key = $3. Within the owner, because a constraint over '
    'all would tell one customer, by its error, whom another one checks.';

-- --------------------------------------------------------------------------------- business_classifications
CREATE TABLE business_classifications (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id   uuid NOT NULL REFERENCES businesses (id) ON DELETE CASCADE,
    code_system   text NOT NULL,
    code          text NOT NULL,
    title         text NOT NULL,
    confidence    numeric(5, 4) NOT NULL,
    is_primary    boolean NOT NULL DEFAULT false,
    method        text NOT NULL,
    source        text NOT NULL,
    evidence      jsonb NOT NULL DEFAULT '{}',
    classified_by uuid REFERENCES users (id) ON DELETE RESTRICT,
    classified_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT business_classifications_code_form CHECK (
        CASE code_system WHEN 'NAICS' THEN code ~ '^[0-9]{2,6}$'
                         WHEN 'SIC' THEN code ~ '^[0-9]{4}$'
                         WHEN 'MCC' THEN code ~ '^[0-9]{4}$'
                         WHEN 'NACE' THEN code ~ '^[A-U]([0-9]{2}(\.[0-9]{1,2})?)?$'
                         ELSE false END),
    CONSTRAINT business_classifications_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT business_classifications_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT business_classifications_method_known CHECK (method IN ('registry', 'keywords', 'model', 'manual')),
    CONSTRAINT business_classifications_manual_signed CHECK (method <> 'manual' OR classified_by IS NOT NULL),
    CONSTRAINT business_classifications_evidence_object CHECK (jsonb_typeof(evidence) = 'object')
);
COMMENT ON TABLE business_classifications IS
    'Which industry a business is in, with how much confidence. Derived: they go when their business goes.';
COMMENT ON COLUMN business_classifications.id IS 'Name of the classification.';
COMMENT ON COLUMN business_classifications.business_id IS 'The business.';
COMMENT ON COLUMN business_classifications.code_system IS 'NAICS, SIC, MCC or NACE.';
COMMENT ON COLUMN business_classifications.code IS 'The code in that system.';
COMMENT ON COLUMN business_classifications.title IS 'What the code means.';
COMMENT ON COLUMN business_classifications.confidence IS 'How sure, 0 to 1.';
COMMENT ON COLUMN business_classifications.is_primary IS
    'The one that counts. Classify anew: take it from the old row and give it to the new one in one transaction.';
COMMENT ON COLUMN business_classifications.method IS 'registry, keywords, model or manual.';
COMMENT ON COLUMN business_classifications.source IS 'Which register, list or model, with its version.';
COMMENT ON COLUMN business_classifications.evidence IS 'What it rests on, as an object.';
COMMENT ON COLUMN business_classifications.classified_by IS 'Who classified; empty for a program.';
COMMENT ON COLUMN business_classifications.classified_at IS 'When.';

CREATE UNIQUE INDEX business_classifications_primary_key ON business_classifications (business_id) WHERE is_primary;
COMMENT ON INDEX business_classifications_primary_key IS
    'The industry of a business: WHERE business_id = $1 AND is_primary; at most one.';
CREATE INDEX business_classifications_business_idx ON business_classifications (business_id, classified_at DESC);
COMMENT ON INDEX business_classifications_business_idx IS
    'All of a business, newest first: WHERE business_id = $1 ORDER BY classified_at DESC; the foreign key.';
CREATE INDEX business_classifications_classified_by_idx ON business_classifications (classified_by)
    WHERE classified_by IS NOT NULL;
COMMENT ON INDEX business_classifications_classified_by_idx IS 'What a user classified; the foreign key to users.';

-- ----------------------------------------------------------------------------------------- risk_assessments
CREATE TABLE risk_assessments (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id uuid NOT NULL REFERENCES businesses (id) ON DELETE RESTRICT,
    risk_score  smallint NOT NULL,
    risk_level  text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN risk_score < 30 THEN 'low'
             WHEN risk_score < 60 THEN 'medium'
             WHEN risk_score < 85 THEN 'high'
             ELSE 'critical' END
    ) STORED,
    factors     jsonb NOT NULL DEFAULT '[]',
    method      text NOT NULL,
    source      text NOT NULL,
    notes       text,
    assessed_by uuid REFERENCES users (id) ON DELETE RESTRICT,
    assessed_at timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz,
    CONSTRAINT risk_assessments_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT risk_assessments_factors_array CHECK (jsonb_typeof(factors) = 'array'),
    CONSTRAINT risk_assessments_method_known CHECK (method IN ('rules', 'model', 'manual')),
    CONSTRAINT risk_assessments_manual_signed
        CHECK (method <> 'manual' OR (assessed_by IS NOT NULL AND notes IS NOT NULL)),
    CONSTRAINT risk_assessments_valid_after CHECK (valid_until > assessed_at)
);
COMMENT ON TABLE risk_assessments IS
    'How risky a business was thought to be, and why. Only added to; the newest of a business counts.';
COMMENT ON COLUMN risk_assessments.id IS 'Name of the assessment.';
COMMENT ON COLUMN risk_assessments.business_id IS 'The business.';
COMMENT ON COLUMN risk_assessments.risk_score IS 'Risk, 0 to 100, higher is worse.';
COMMENT ON COLUMN risk_assessments.risk_level IS
    'low below 30, medium below 60, high below 85, critical from 85; follows risk_score.';
COMMENT ON COLUMN risk_assessments.factors IS
    'What it is made of: [{"factor": "sanctions_exposure", "weight": 0.4, "score": 90}, …].';
COMMENT ON COLUMN risk_assessments.method IS 'rules, model or manual.';
COMMENT ON COLUMN risk_assessments.source IS 'Which set of rules or model, with its version.';
COMMENT ON COLUMN risk_assessments.notes IS 'What a reader has to know; a manual assessment says why.';
COMMENT ON COLUMN risk_assessments.assessed_by IS 'Who assessed; empty for a program.';
COMMENT ON COLUMN risk_assessments.assessed_at IS 'When; orders the assessments of a business.';
COMMENT ON COLUMN risk_assessments.valid_until IS 'When it must be done again; empty: by the usual interval.';

CREATE INDEX risk_assessments_business_idx ON risk_assessments (business_id, assessed_at DESC)
    INCLUDE (risk_level, risk_score);
COMMENT ON INDEX risk_assessments_business_idx IS
    'Newest of a business, and its trend, from the index alone: WHERE business_id = $1 ORDER BY assessed_at DESC; the '
    'foreign key.';
CREATE INDEX risk_assessments_assessed_by_idx ON risk_assessments (assessed_by) WHERE assessed_by IS NOT NULL;
COMMENT ON INDEX risk_assessments_assessed_by_idx IS 'What an analyst assessed; the foreign key to users.';

-- ---------------------------------------------------------------------------------------- compliance_checks
CREATE TABLE compliance_checks (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id  uuid NOT NULL REFERENCES businesses (id) ON DELETE RESTRICT,
    check_type   text NOT NULL,
    status       text NOT NULL DEFAULT 'pending',
    score        smallint,
    requirements jsonb NOT NULL DEFAULT '[]',
    method       text,
    source       text,
    notes        text,
    requested_by uuid REFERENCES users (id) ON DELETE RESTRICT,
    reviewed_by  uuid REFERENCES users (id) ON DELETE RESTRICT,
    requested_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    expires_at   timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT compliance_checks_type_known CHECK (check_type IN
        ('registration', 'sanctions', 'beneficial_ownership', 'adverse_media', 'tax', 'licence')),
    CONSTRAINT compliance_checks_status_known
        CHECK (status IN ('pending', 'in_progress', 'needs_review', 'passed', 'failed', 'expired')),
    CONSTRAINT compliance_checks_score_range CHECK (score BETWEEN 0 AND 100),
    CONSTRAINT compliance_checks_requirements_array CHECK (jsonb_typeof(requirements) = 'array'),
    CONSTRAINT compliance_checks_method_known CHECK (method IN ('registry', 'rules', 'model', 'manual')),
    CONSTRAINT compliance_checks_completion_dated
        CHECK ((status IN ('passed', 'failed', 'expired')) = (completed_at IS NOT NULL)),
    CONSTRAINT compliance_checks_completion_sourced
        CHECK (completed_at IS NULL OR (method IS NOT NULL AND source IS NOT NULL)),
    CONSTRAINT compliance_checks_manual_signed
        CHECK (completed_at IS NULL OR method <> 'manual' OR reviewed_by IS NOT NULL),
    CONSTRAINT compliance_checks_completed_after_request CHECK (completed_at >= requested_at),
    CONSTRAINT compliance_checks_expires_after_completion CHECK (expires_at > completed_at),
    CONSTRAINT compliance_checks_expired_had_term CHECK (status <> 'expired' OR expires_at IS NOT NULL)
);
COMMENT ON TABLE compliance_checks IS
    'What was verified of a business. A renewal is a new row; of each type the newest counts.';
COMMENT ON COLUMN compliance_checks.id IS 'Name of the check.';
COMMENT ON COLUMN compliance_checks.business_id IS 'The business.';
COMMENT ON COLUMN compliance_checks.check_type IS
    'registration, sanctions, beneficial_ownership, adverse_media, tax or licence.';
COMMENT ON COLUMN compliance_checks.status IS
    'pending, in_progress, needs_review (of a person), passed, failed, or expired (passed, and its term is over).';
COMMENT ON COLUMN compliance_checks.score IS 'How well it was met, 0 to 100, higher is better; empty until scored.';
COMMENT ON COLUMN compliance_checks.requirements IS
    'Each requirement with its outcome: [{"requirement": "ultimate owners named", "met": true}, …].';
COMMENT ON COLUMN compliance_checks.method IS 'registry, rules, model or manual; known when it is completed.';
COMMENT ON COLUMN compliance_checks.source IS 'Which register, list or service.';
COMMENT ON COLUMN compliance_checks.notes IS 'What a reviewer has to know.';
COMMENT ON COLUMN compliance_checks.requested_by IS 'Who asked for it; empty for a schedule.';
COMMENT ON COLUMN compliance_checks.reviewed_by IS 'Who decided; a manual decision has somebody.';
COMMENT ON COLUMN compliance_checks.requested_at IS 'When it was asked for; orders the checks of a type.';
COMMENT ON COLUMN compliance_checks.completed_at IS 'When it passed or failed; empty while it is open.';
COMMENT ON COLUMN compliance_checks.expires_at IS 'When it must be renewed.';
COMMENT ON COLUMN compliance_checks.updated_at IS 'When the row last changed.';

CREATE INDEX compliance_checks_business_idx ON compliance_checks (business_id, check_type, requested_at DESC);
COMMENT ON INDEX compliance_checks_business_idx IS
    'Newest check of each type: WHERE business_id = $1 ORDER BY check_type, requested_at DESC; the foreign key.';
CREATE UNIQUE INDEX compliance_checks_open_key ON compliance_checks (business_id, check_type)
    WHERE status IN ('pending', 'in_progress', 'needs_review');
COMMENT ON INDEX compliance_checks_open_key IS
    'Is a check of the type under way: WHERE business_id = $1 AND check_type = $2 AND status IN (''pending'', '
    '''in_progress'', ''needs_review''); at most one.';
CREATE INDEX compliance_checks_requested_by_idx ON compliance_checks (requested_by) WHERE requested_by IS NOT NULL;
COMMENT ON INDEX compliance_checks_requested_by_idx IS 'Checks that a user asked for; the foreign key to users.';
CREATE INDEX compliance_checks_reviewed_by_idx ON compliance_checks (reviewed_by) WHERE reviewed_by IS NOT NULL;
COMMENT ON INDEX compliance_checks_reviewed_by_idx IS 'Checks that an analyst decided; the foreign key to users.';

-- ------------------------------------------------------------------------------------------------- api_keys
-- Keys and tokens are 32 random bytes. Nobody guesses these, so a plain SHA-256 hides them as well as a slow hash
-- would, and can be looked up by an index.
CREATE TABLE api_keys (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text NOT NULL,
    key_prefix   text NOT NULL,
    key_hash     bytea NOT NULL,
    permissions  text[] NOT NULL,
    last_used_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    CONSTRAINT api_keys_hash_once UNIQUE (key_hash),
    CONSTRAINT api_keys_hash_length CHECK (octet_length(key_hash) = 32),
    CONSTRAINT api_keys_name_given CHECK (btrim(name) <> ''),
    CONSTRAINT api_keys_prefix_form CHECK (key_prefix ~ '^kyb_[0-9a-f]{8}$'),
    CONSTRAINT api_keys_permissions_known CHECK (cardinality(permissions) > 0 AND permissions <@ ARRAY[
        'businesses:read', 'businesses:write', 'classifications:read', 'classifications:run', 'risk:read',
        'risk:assess', 'compliance:read', 'compliance:request', 'compliance:review', 'webhooks:manage', 'audit:read']),
    CONSTRAINT api_keys_expires_after_creation CHECK (expires_at > created_at),
    CONSTRAINT api_keys_revoked_after_creation CHECK (revoked_at >= created_at)
);
COMMENT ON TABLE api_keys IS
    'Keys with which programs act for a user: never more than the user may, and of that what the permissions say. '
    'Revoked, never deleted while the account is there.';
COMMENT ON COLUMN api_keys.id IS 'Name of the key in logs.';
COMMENT ON COLUMN api_keys.user_id IS 'For whom it acts.';
COMMENT ON COLUMN api_keys.name IS 'What its owner calls it.';
COMMENT ON COLUMN api_keys.key_prefix IS 'kyb_ and the first eight of its 64 digits, so that its owner knows it again.';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the whole key. The key itself is shown once and kept nowhere.';
COMMENT ON COLUMN api_keys.permissions IS 'What it is for, such as businesses:read.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Last use, to the minute; a busy key is not written each time.';
COMMENT ON COLUMN api_keys.created_at IS 'When it was issued.';
COMMENT ON COLUMN api_keys.expires_at IS 'When it ends by itself; empty: never.';
COMMENT ON COLUMN api_keys.revoked_at IS 'When it was ended.';
COMMENT ON CONSTRAINT api_keys_hash_once ON api_keys IS 'Whose key is this: WHERE key_hash = $1; use_api_key().';

CREATE INDEX api_keys_user_idx ON api_keys (user_id, created_at DESC);
COMMENT ON INDEX api_keys_user_idx IS 'Keys of a user: WHERE user_id = $1 ORDER BY created_at DESC; the foreign key.';

-- ------------------------------------------------------------------------------- email_verification_tokens
CREATE TABLE email_verification_tokens (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day',
    used_at    timestamptz,
    CONSTRAINT email_verification_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT email_verification_tokens_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT email_verification_tokens_term
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '168 hours'),
    CONSTRAINT email_verification_tokens_used_in_time CHECK (used_at BETWEEN created_at AND expires_at)
);
COMMENT ON TABLE email_verification_tokens IS
    'Proofs that an address is a user''s, sent there; each works once. Removed when they have expired.';
COMMENT ON COLUMN email_verification_tokens.token_hash IS 'SHA-256 of the token; the token is only in the mail.';
COMMENT ON COLUMN email_verification_tokens.user_id IS 'Whose address.';
COMMENT ON COLUMN email_verification_tokens.email IS 'The address it was sent to, which becomes the user''s.';
COMMENT ON COLUMN email_verification_tokens.created_at IS 'When it was sent.';
COMMENT ON COLUMN email_verification_tokens.expires_at IS 'When it ends; a week at most.';
COMMENT ON COLUMN email_verification_tokens.used_at IS 'When it was used.';

CREATE UNIQUE INDEX email_verification_tokens_open_key ON email_verification_tokens (user_id) WHERE used_at IS NULL;
COMMENT ON INDEX email_verification_tokens_open_key IS
    'One open token for a user; sending another replaces it: ON CONFLICT (user_id) WHERE used_at IS NULL DO UPDATE.';
CREATE INDEX email_verification_tokens_user_idx ON email_verification_tokens (user_id);
COMMENT ON INDEX email_verification_tokens_user_idx IS 'Tokens of a user; the foreign key.';

-- ------------------------------------------------------------------------------------ password_reset_tokens
CREATE TABLE password_reset_tokens (
    token_hash   bytea PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    requested_ip inet,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    used_at      timestamptz,
    CONSTRAINT password_reset_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT password_reset_tokens_term
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '24 hours'),
    CONSTRAINT password_reset_tokens_used_in_time CHECK (used_at BETWEEN created_at AND expires_at)
);
COMMENT ON TABLE password_reset_tokens IS
    'Rights to choose a new password, sent by mail; each works once. Removed when they have expired.';
COMMENT ON COLUMN password_reset_tokens.token_hash IS 'SHA-256 of the token; the token is only in the mail.';
COMMENT ON COLUMN password_reset_tokens.user_id IS 'Whose password.';
COMMENT ON COLUMN password_reset_tokens.requested_ip IS 'Where it was asked for.';
COMMENT ON COLUMN password_reset_tokens.created_at IS 'When it was sent.';
COMMENT ON COLUMN password_reset_tokens.expires_at IS 'When it ends; a day at most.';
COMMENT ON COLUMN password_reset_tokens.used_at IS 'When it was used.';

CREATE UNIQUE INDEX password_reset_tokens_open_key ON password_reset_tokens (user_id) WHERE used_at IS NULL;
COMMENT ON INDEX password_reset_tokens_open_key IS
    'One open token for a user; sending another replaces it: ON CONFLICT (user_id) WHERE used_at IS NULL DO UPDATE.';
CREATE INDEX password_reset_tokens_user_idx ON password_reset_tokens (user_id);
COMMENT ON INDEX password_reset_tokens_user_idx IS 'Tokens of a user; the foreign key.';

-- ------------------------------------------------------------------------------------------ token_blacklist
CREATE TABLE token_blacklist (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason     text NOT NULL,
    revoked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT token_blacklist_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT token_blacklist_reason_known
        CHECK (reason IN ('signed_out', 'password_changed', 'role_changed', 'suspended', 'stolen')),
    CONSTRAINT token_blacklist_expires_after CHECK (expires_at > revoked_at)
);
COMMENT ON TABLE token_blacklist IS
    'Session tokens (JWT) that are refused although they have not expired. A row is needed until they have.';
COMMENT ON COLUMN token_blacklist.token_hash IS 'SHA-256 of the token''s identifier (jti).';
COMMENT ON COLUMN token_blacklist.user_id IS 'Whose token.';
COMMENT ON COLUMN token_blacklist.reason IS 'signed_out, password_changed, role_changed, suspended or stolen.';
COMMENT ON COLUMN token_blacklist.revoked_at IS 'Since when it is refused.';
COMMENT ON COLUMN token_blacklist.expires_at IS 'When the token ends by itself, and the row may go.';

CREATE INDEX token_blacklist_user_idx ON token_blacklist (user_id);
COMMENT ON INDEX token_blacklist_user_idx IS 'Refused tokens of a user; the foreign key.';

-- ------------------------------------------------------------------------------------------------- webhooks
CREATE TABLE webhooks (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          text NOT NULL,
    url           text NOT NULL,
    event_types   text[] NOT NULL,
    secret_sealed bytea NOT NULL,
    secret_key_id text NOT NULL,
    failures      integer NOT NULL DEFAULT 0,
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhooks_url_once UNIQUE (user_id, url),
    CONSTRAINT webhooks_name_given CHECK (btrim(name) <> ''),
    CONSTRAINT webhooks_url_form CHECK (url ~ '^https://[^[:space:]/?#@]+([/?][^[:space:]#]*)?$'),
    CONSTRAINT webhooks_event_types_known CHECK (cardinality(event_types) > 0 AND event_types <@ ARRAY[
        'business.created', 'business.updated', 'business.archived', 'classification.completed',
        'risk.assessed', 'risk.level_changed', 'compliance.completed', 'compliance.expired']),
    CONSTRAINT webhooks_secret_sealed_length CHECK (octet_length(secret_sealed) >= 60),
    CONSTRAINT webhooks_failures_range CHECK (failures >= 0)
);
COMMENT ON TABLE webhooks IS 'Where a user wants to be told what happens.';
COMMENT ON COLUMN webhooks.id IS 'Name of the webhook.';
COMMENT ON COLUMN webhooks.user_id IS 'Whom it tells.';
COMMENT ON COLUMN webhooks.name IS 'What its owner calls it.';
COMMENT ON COLUMN webhooks.url IS 'Where to send: HTTPS, without credentials and fragment.';
COMMENT ON COLUMN webhooks.event_types IS 'What it wants to know, such as risk.assessed.';
COMMENT ON COLUMN webhooks.secret_sealed IS
    'The secret that signs deliveries. It has to be read to sign, so it is sealed by the application (AES-256-GCM: '
    '12 bytes of nonce, the text, 16 bytes of tag), not hashed.';
COMMENT ON COLUMN webhooks.secret_key_id IS 'Which key sealed it, so that keys can be changed.';
COMMENT ON COLUMN webhooks.failures IS 'Deliveries given up since the last one that arrived.';
COMMENT ON COLUMN webhooks.disabled_at IS 'Since when nothing is sent, by its owner or after too many failures.';
COMMENT ON COLUMN webhooks.created_at IS 'When it was made.';
COMMENT ON COLUMN webhooks.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT webhooks_url_once ON webhooks IS
    'One webhook for an address; its index also serves WHERE user_id = $1 AND disabled_at IS NULL, and the foreign '
    'key.';

-- ------------------------------------------------------------------------------------------- webhook_events
CREATE TABLE webhook_events (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    webhook_id       uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id         uuid NOT NULL,
    event_type       text NOT NULL,
    payload          jsonb NOT NULL,
    status           text NOT NULL DEFAULT 'pending',
    attempts         smallint NOT NULL DEFAULT 0,
    max_attempts     smallint NOT NULL DEFAULT 8,
    next_attempt_at  timestamptz DEFAULT now(),
    lease_expires_at timestamptz,
    last_attempt_at  timestamptz,
    response_status  smallint,
    response_body    text,
    last_error       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    delivered_at     timestamptz,
    CONSTRAINT webhook_events_once UNIQUE (webhook_id, event_id),
    CONSTRAINT webhook_events_type_form CHECK (event_type ~ '^[a-z_]+\.[a-z_]+$'),
    CONSTRAINT webhook_events_payload_object CHECK (jsonb_typeof(payload) = 'object'),
    CONSTRAINT webhook_events_status_known
        CHECK (status IN ('pending', 'delivering', 'retrying', 'delivered', 'exhausted')),
    CONSTRAINT webhook_events_attempts_range CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT webhook_events_due_when_waiting
        CHECK ((status IN ('pending', 'retrying')) = (next_attempt_at IS NOT NULL)),
    CONSTRAINT webhook_events_leased_when_delivering CHECK ((status = 'delivering') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT webhook_events_delivered_dated CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT webhook_events_attempted
        CHECK (CASE WHEN status = 'pending' THEN attempts = 0 ELSE attempts > 0 AND last_attempt_at IS NOT NULL END),
    CONSTRAINT webhook_events_exhausted_tried CHECK (status <> 'exhausted' OR attempts = max_attempts),
    CONSTRAINT webhook_events_response_status_range CHECK (response_status BETWEEN 100 AND 599),
    CONSTRAINT webhook_events_response_body_length CHECK (octet_length(response_body) <= 4096)
);
COMMENT ON TABLE webhook_events IS
    'Events on their way to a webhook, and how that went. Delivered at least once: receivers compare event_id.';
COMMENT ON COLUMN webhook_events.id IS 'Name of the delivery.';
COMMENT ON COLUMN webhook_events.webhook_id IS 'Where it goes.';
COMMENT ON COLUMN webhook_events.event_id IS 'What happened; the same for every webhook that is told.';
COMMENT ON COLUMN webhook_events.event_type IS 'Kind of the event, such as risk.assessed.';
COMMENT ON COLUMN webhook_events.payload IS 'What is sent, as an object.';
COMMENT ON COLUMN webhook_events.status IS
    'pending (never tried), delivering (a worker has it), retrying (waits for the next attempt), delivered, exhausted.';
COMMENT ON COLUMN webhook_events.attempts IS 'Attempts so far, with one that is under way.';
COMMENT ON COLUMN webhook_events.max_attempts IS 'After so many it is given up.';
COMMENT ON COLUMN webhook_events.next_attempt_at IS 'When it may be tried (again); empty while nobody should.';
COMMENT ON COLUMN webhook_events.lease_expires_at IS
    'Until when the worker has it; after that the worker is thought to be dead and another one may take it.';
COMMENT ON COLUMN webhook_events.last_attempt_at IS 'When it was last tried.';
COMMENT ON COLUMN webhook_events.response_status IS 'HTTP status of the last answer; empty when there was none.';
COMMENT ON COLUMN webhook_events.response_body IS 'Start of the last answer, at most 4 KiB.';
COMMENT ON COLUMN webhook_events.last_error IS 'Why the last attempt failed, when there was no answer.';
COMMENT ON COLUMN webhook_events.created_at IS 'When it happened.';
COMMENT ON COLUMN webhook_events.delivered_at IS 'When the receiver confirmed.';
COMMENT ON CONSTRAINT webhook_events_once ON webhook_events IS
    'An event goes to a webhook once: ON CONFLICT (webhook_id, event_id) DO NOTHING. Its index also serves the '
    'foreign key.';

-- ----------------------------------------------------------------------------------- external_service_calls
CREATE TABLE external_service_calls (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id         uuid REFERENCES users (id) ON DELETE RESTRICT,
    business_id     uuid REFERENCES businesses (id) ON DELETE SET NULL,
    service_name    text NOT NULL,
    operation       text NOT NULL,
    method          text NOT NULL,
    endpoint        text NOT NULL,
    outcome         text NOT NULL DEFAULT 'started',
    status_code     smallint,
    duration_ms     integer,
    error           text,
    request_id      text,
    request_digest  bytea,
    response_digest bytea,
    details         jsonb NOT NULL DEFAULT '{}',
    called_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_service_calls_service_form CHECK (service_name ~ '^[a-z0-9_-]+$'),
    CONSTRAINT external_service_calls_method_known CHECK (method IN ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE')),
    CONSTRAINT external_service_calls_endpoint_bare CHECK (endpoint ~ '^https?://' AND endpoint !~ '[?#@]'),
    CONSTRAINT external_service_calls_outcome_known
        CHECK (outcome IN ('started', 'succeeded', 'failed', 'timed_out', 'refused')),
    CONSTRAINT external_service_calls_status_code_range CHECK (status_code BETWEEN 100 AND 599),
    CONSTRAINT external_service_calls_duration_range CHECK (duration_ms >= 0),
    CONSTRAINT external_service_calls_duration_when_ended CHECK ((outcome = 'started') = (duration_ms IS NULL)),
    CONSTRAINT external_service_calls_succeeded_answered CHECK (outcome <> 'succeeded' OR status_code IS NOT NULL),
    CONSTRAINT external_service_calls_digest_length
        CHECK (octet_length(request_digest) = 32 AND octet_length(response_digest) = 32),
    CONSTRAINT external_service_calls_details_object CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE external_service_calls IS
    'Every call to an outside service (KYB-11): written before it is made, completed when it ends, so that one that '
    'never ended is seen, too.';
COMMENT ON COLUMN external_service_calls.id IS 'Name of the call.';
COMMENT ON COLUMN external_service_calls.user_id IS 'On whose behalf; empty for a schedule.';
COMMENT ON COLUMN external_service_calls.business_id IS 'About whom; the record of the call outlives the business.';
COMMENT ON COLUMN external_service_calls.service_name IS 'The service, such as companies-house.';
COMMENT ON COLUMN external_service_calls.operation IS 'What was asked, such as company profile.';
COMMENT ON COLUMN external_service_calls.method IS 'HTTP method.';
COMMENT ON COLUMN external_service_calls.endpoint IS
    'Address without query, fragment and credentials: keys hide there.';
COMMENT ON COLUMN external_service_calls.outcome IS
    'started, succeeded, failed (an answer that says no), timed_out, refused (no connection).';
COMMENT ON COLUMN external_service_calls.status_code IS 'HTTP status; empty when there was no answer.';
COMMENT ON COLUMN external_service_calls.duration_ms IS 'How long it took; empty while it is under way.';
COMMENT ON COLUMN external_service_calls.error IS 'What went wrong.';
COMMENT ON COLUMN external_service_calls.request_id IS 'The request that caused it, as in the logs.';
COMMENT ON COLUMN external_service_calls.request_digest IS 'SHA-256 of what was sent; personal data is not kept here.';
COMMENT ON COLUMN external_service_calls.response_digest IS 'SHA-256 of the answer, to prove later what was answered.';
COMMENT ON COLUMN external_service_calls.details IS 'What else is worth knowing, such as price and remaining quota.';
COMMENT ON COLUMN external_service_calls.called_at IS 'When it began.';

CREATE INDEX external_service_calls_user_idx ON external_service_calls (user_id, called_at DESC)
    WHERE user_id IS NOT NULL;
COMMENT ON INDEX external_service_calls_user_idx IS
    'Calls for a user: WHERE user_id = $1 ORDER BY called_at DESC; the foreign key to users.';
CREATE INDEX external_service_calls_business_idx ON external_service_calls (business_id, called_at DESC)
    WHERE business_id IS NOT NULL;
COMMENT ON INDEX external_service_calls_business_idx IS
    'What was asked about a business: WHERE business_id = $1 ORDER BY called_at DESC; the foreign key to businesses.';

-- ----------------------------------------------------------------------------------------------- audit_logs
CREATE TABLE audit_logs (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at   timestamptz NOT NULL DEFAULT now(),
    user_id       uuid REFERENCES users (id) ON DELETE RESTRICT,
    actor_kind    text NOT NULL,
    action        text NOT NULL,
    resource_type text NOT NULL,
    resource_id   text NOT NULL,
    business_id   uuid,
    details       jsonb NOT NULL DEFAULT '{}',
    request_id    text,
    ip_address    inet,
    user_agent    text,
    CONSTRAINT audit_logs_actor_kind_known CHECK (actor_kind IN ('user', 'api_key', 'service', 'anonymous')),
    CONSTRAINT audit_logs_actor_named CHECK ((actor_kind IN ('user', 'api_key')) = (user_id IS NOT NULL)),
    CONSTRAINT audit_logs_action_form CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    CONSTRAINT audit_logs_details_object CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE audit_logs IS
    'Who did what, when, to what. Only added to: nobody changes an entry, and the application cannot remove one. What '
    'it speaks of may be gone, therefore it names things instead of referring to them.';
COMMENT ON COLUMN audit_logs.id IS 'Name of the entry.';
COMMENT ON COLUMN audit_logs.occurred_at IS 'When it happened.';
COMMENT ON COLUMN audit_logs.user_id IS 'Who acted, or for whom a key acted; empty for a service and for nobody known.';
COMMENT ON COLUMN audit_logs.actor_kind IS 'user, api_key, service or anonymous (before somebody signed in).';
COMMENT ON COLUMN audit_logs.action IS 'What was done, such as risk.assessed.';
COMMENT ON COLUMN audit_logs.resource_type IS 'The table of what it was done to.';
COMMENT ON COLUMN audit_logs.resource_id IS 'The key of what it was done to.';
COMMENT ON COLUMN audit_logs.business_id IS 'The business concerned, if one is.';
COMMENT ON COLUMN audit_logs.details IS 'What else an auditor needs, as an object.';
COMMENT ON COLUMN audit_logs.request_id IS 'The request that caused it, as in the logs of the service.';
COMMENT ON COLUMN audit_logs.ip_address IS 'Where the request came from.';
COMMENT ON COLUMN audit_logs.user_agent IS 'With which program.';

CREATE INDEX audit_logs_user_idx ON audit_logs (user_id, occurred_at DESC) WHERE user_id IS NOT NULL;
COMMENT ON INDEX audit_logs_user_idx IS
    'What a user did: WHERE user_id = $1 ORDER BY occurred_at DESC; the foreign key to users.';

-- ----------------------------------------------------------------------------- where a business stands
-- Statement by statement, not row by row: loading a million assessments is one update, and none at all when the
-- businesses came with the values that the assessments lead to. As the owner, because nobody else may write these
-- columns.

CREATE FUNCTION carry_risk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE public.businesses AS b
       SET risk_level = newest.risk_level, risk_score = newest.risk_score, risk_assessed_at = newest.assessed_at
      FROM (SELECT DISTINCT ON (business_id) business_id, risk_level, risk_score, assessed_at
              FROM added ORDER BY business_id, assessed_at DESC, risk_score DESC) AS newest
     WHERE b.id = newest.business_id
       AND (b.risk_assessed_at IS NULL
            OR (b.risk_assessed_at, b.risk_score) < (newest.assessed_at, newest.risk_score));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION carry_risk() IS
    'Carries the newest assessment to its business, of two of the same moment the worse. Whoever commits last, the newer '
    'one stays.';

-- What the checks of one business add up to: its newest of each type, as arrays beside one another.
CREATE FUNCTION compliance_of(types text[], states text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN cardinality(states) = 0 THEN 'unknown'
    WHEN 'failed' = ANY (states) THEN 'non_compliant'
    WHEN states <@ ARRAY['passed'] AND types @> ARRAY['registration', 'sanctions', 'beneficial_ownership']
    THEN 'compliant'
    ELSE 'pending'
END;
COMMENT ON FUNCTION compliance_of(text[], text[]) IS
    'non_compliant when a check failed; compliant when all passed, and those of registration, sanctions and beneficial '
    'owners are among them; else pending.';

CREATE FUNCTION carry_compliance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    -- First the locks, in one order; then a look at what has been committed meanwhile. Two checks of a business that
    -- complete at the same time would else not see one another.
    PERFORM FROM public.businesses AS b
      WHERE b.id IN (SELECT business_id FROM written) ORDER BY b.id FOR NO KEY UPDATE;
    UPDATE public.businesses AS b
       SET compliance_status = state.compliance
      FROM (SELECT business_id,
                   public.compliance_of(array_agg(check_type), array_agg(status)) AS compliance
              FROM (SELECT DISTINCT ON (c.business_id, c.check_type) c.business_id, c.check_type, c.status
                      FROM public.compliance_checks AS c
                     WHERE c.business_id IN (SELECT business_id FROM written)
                     ORDER BY c.business_id, c.check_type, c.requested_at DESC, c.id) AS newest
             GROUP BY business_id) AS state
     WHERE b.id = state.business_id AND b.compliance_status <> state.compliance;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION carry_compliance() IS 'Carries what the checks of a business add up to to the business.';

CREATE TRIGGER risk_assessments_carry AFTER INSERT ON risk_assessments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION carry_risk();
CREATE TRIGGER compliance_checks_carry_new AFTER INSERT ON compliance_checks
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION carry_compliance();
CREATE TRIGGER compliance_checks_carry AFTER UPDATE ON compliance_checks
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION carry_compliance();

-- ------------------------------------------------------------------------------------------- other triggers
CREATE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
-- Without WHEN: a condition of a BEFORE trigger may not look at a generated column, and OLD.* holds two.
CREATE TRIGGER businesses_touch BEFORE UPDATE ON businesses
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER compliance_checks_touch BEFORE UPDATE ON compliance_checks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER webhooks_touch BEFORE UPDATE ON webhooks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER risk_assessments_unchanged BEFORE UPDATE ON risk_assessments
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER risk_assessments_kept BEFORE TRUNCATE ON risk_assessments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_logs_unchanged BEFORE UPDATE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_logs_kept BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --------------------------------------------------------------------------- signing in, before there is a user
CREATE FUNCTION find_credentials(address text)
RETURNS TABLE (user_id uuid, password_hash text, status text, locked_until timestamptz)
LANGUAGE sql STABLE STRICT SECURITY DEFINER ROWS 1 SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT u.id, u.password_hash, u.status, u.locked_until FROM public.users u WHERE lower(u.email) = lower(address);
END;
COMMENT ON FUNCTION find_credentials(text) IS
    'What the application needs to let somebody in: whose address it is, and the hash to compare with.';

CREATE FUNCTION use_api_key(hash bytea) RETURNS TABLE (key_id uuid, user_id uuid, permissions text[])
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER ROWS 1 SET search_path = pg_catalog
BEGIN ATOMIC
    WITH found AS (
        SELECT k.id, k.user_id, k.permissions, k.last_used_at
          FROM public.api_keys k JOIN public.users u ON u.id = k.user_id
         WHERE k.key_hash = hash AND u.status = 'active'
           AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    ), noted AS (
        UPDATE public.api_keys k SET last_used_at = now() FROM found
         WHERE k.id = found.id
           AND (found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute')
    )
    SELECT found.id, found.user_id, found.permissions FROM found;
END;
COMMENT ON FUNCTION use_api_key(bytea) IS
    'Whose key has this SHA-256, and what it may; nothing when it is unknown, revoked or expired, or its user is not '
    'active.';

CREATE FUNCTION confirm_email(hash bytea) RETURNS uuid
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
    WITH used AS (
        UPDATE public.email_verification_tokens t SET used_at = now()
         WHERE t.token_hash = hash AND t.used_at IS NULL AND t.expires_at > now() AND t.created_at <= now()
        RETURNING t.user_id, t.email
    )
    UPDATE public.users u
       SET email = used.email, email_verified_at = now(),
           status = CASE u.status WHEN 'pending' THEN 'active' ELSE u.status END
      FROM used WHERE u.id = used.user_id
    RETURNING u.id;
END;
COMMENT ON FUNCTION confirm_email(bytea) IS
    'Uses the token with this SHA-256: its address is the user''s now. Gives the user, or NULL when it does not count.';

CREATE FUNCTION reset_password(hash bytea, new_password_hash text) RETURNS uuid
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
    WITH used AS (
        UPDATE public.password_reset_tokens t SET used_at = now()
         WHERE t.token_hash = hash AND t.used_at IS NULL AND t.expires_at > now() AND t.created_at <= now()
        RETURNING t.user_id
    )
    UPDATE public.users u
       SET password_hash = new_password_hash, failed_sign_ins = 0, locked_until = NULL
      FROM used WHERE u.id = used.user_id
    RETURNING u.id;
END;
COMMENT ON FUNCTION reset_password(bytea, text) IS
    'Uses the token with this SHA-256: the user has this password now. Gives the user, or NULL when it does not count.';

-- --------------------------------------------------------------------------------------- who sees which row
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE businesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE business_classifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_assessments ENABLE ROW LEVEL SECURITY;
ALTER TABLE compliance_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_verification_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_reset_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE token_blacklist ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE external_service_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;

-- A new account is nobody's yet: the application chooses its id, works on its behalf, and inserts it.
CREATE POLICY users_own ON users FOR SELECT
    USING (id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY users_own_change ON users FOR UPDATE
    USING (id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY users_sign_up ON users FOR INSERT
    WITH CHECK (id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND status = 'pending' AND email_verified_at IS NULL);

-- A new business has not been assessed. One that was suspended is out of its owner's hands.
CREATE POLICY businesses_own ON businesses FOR SELECT
    USING (owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY businesses_own_new ON businesses FOR INSERT
    WITH CHECK (owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND risk_level IS NULL AND compliance_status = 'unknown' AND status = 'active');
CREATE POLICY businesses_own_change ON businesses FOR UPDATE
    USING (status <> 'suspended'
           AND owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY businesses_own_removal ON businesses FOR DELETE
    USING (status <> 'suspended'
           AND owner_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

-- Results are read by the owner of the business. They are written by our programs (as service), and by analysts (002).
CREATE POLICY business_classifications_own ON business_classifications FOR SELECT
    USING (EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                   = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));
CREATE POLICY risk_assessments_own ON risk_assessments FOR SELECT
    USING (EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                   = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));
CREATE POLICY compliance_checks_own ON compliance_checks FOR SELECT
    USING (EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                   = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));
CREATE POLICY compliance_checks_own_request ON compliance_checks FOR INSERT
    WITH CHECK (status = 'pending' AND score IS NULL
                AND requested_by = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id AND b.owner_id
                            = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));

CREATE POLICY api_keys_own ON api_keys
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY email_verification_tokens_own ON email_verification_tokens
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY password_reset_tokens_own ON password_reset_tokens
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY token_blacklist_own ON token_blacklist
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

CREATE POLICY webhooks_own ON webhooks
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
-- Deliveries are made by a worker (as service); here they are only announced and read.
CREATE POLICY webhook_events_own ON webhook_events FOR SELECT
    USING (EXISTS (SELECT FROM webhooks AS w WHERE w.id = webhook_id AND w.user_id
                   = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));
CREATE POLICY webhook_events_own_new ON webhook_events FOR INSERT
    WITH CHECK (status = 'pending'
                AND EXISTS (SELECT FROM webhooks AS w WHERE w.id = webhook_id AND w.user_id
                            = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)));

CREATE POLICY external_service_calls_own ON external_service_calls FOR SELECT
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
-- About a business that one sees, or none: the foreign key alone would tell whether somebody else's is there.
CREATE POLICY external_service_calls_own_new ON external_service_calls FOR INSERT
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND (business_id IS NULL OR EXISTS (SELECT FROM businesses AS b WHERE b.id = business_id)));
-- A call is completed once. What ended is not changed any more.
CREATE POLICY external_service_calls_own_end ON external_service_calls FOR UPDATE
    USING (outcome = 'started'
           AND user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid))
    WITH CHECK (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

-- Nobody writes an entry in another one's name; without a user it can only be an anonymous one.
CREATE POLICY audit_logs_own ON audit_logs FOR SELECT
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY audit_logs_own_new ON audit_logs FOR INSERT
    WITH CHECK (user_id IS NOT DISTINCT FROM (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
                AND actor_kind <> 'service');

-- ----------------------------------------------------------------------------------------------- migrations
-- The history, readable like a table of the platform's own, without the text of the files. Its readers have no rights
-- in schema caisson; the function has those of the owner, which may even write there, so a plain view would not do: it
-- could be written through. Under plain psql there is no such schema, and the view is empty.
CREATE FUNCTION migration_history()
RETURNS TABLE (version text, name text, description text, state text, checksum text, applied_at timestamptz,
               applied_by text, execution_ms bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog AS $$
BEGIN
    IF to_regclass('caisson.migrations') IS NOT NULL THEN
        RETURN QUERY SELECT m.version, m.name, m.description, m.state, m.checksum, m.applied_at, m.applied_by,
                            m.milliseconds
                       FROM caisson.migrations AS m ORDER BY m.sequence;
    END IF;
END
$$;
COMMENT ON FUNCTION migration_history() IS 'The migrations that were applied, as Caisson recorded them.';

CREATE VIEW migrations AS SELECT * FROM migration_history();
COMMENT ON VIEW migrations IS 'The migrations that were applied, in their order (KYB-1).';

-- ----------------------------------------------------------------------------------------------- privileges
-- Roles and their usual privileges come from provisioning; here stands only what is special to a table. Their names
-- begin as that of the database's owner does (kyb_db_owner, kyb_db_app). Under plain psql they may not exist, and there
-- is nothing to give or take then.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    application CONSTANT name := prefix || '_app';
    suffix text;
    account name;
    relation name;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        -- What is evidence is neither changed nor removed by the application, accounts are not removed.
        EXECUTE format('REVOKE UPDATE, DELETE ON audit_logs, risk_assessments FROM %I', application);
        EXECUTE format('REVOKE DELETE ON users, compliance_checks, api_keys, external_service_calls FROM %I',
                       application);
        -- Columns that follow from others, or that nobody decides about their own account.
        EXECUTE format('REVOKE UPDATE ON users, businesses, api_keys, webhook_events, external_service_calls '
                       'FROM %I', application);
        EXECUTE format('GRANT UPDATE (full_name, company, password_hash, failed_sign_ins, locked_until, '
                       'last_sign_in_at, updated_at) ON users TO %I', application);
        EXECUTE format('GRANT UPDATE (legal_name, trading_name, jurisdiction, registration_number, legal_form, tax_id, '
                       'industry, founded_on, employee_count, annual_revenue, revenue_currency, street, city, region, '
                       'postal_code, country, website, contact_name, contact_email, contact_phone, status, updated_at) '
                       'ON businesses TO %I', application);
        EXECUTE format('GRANT UPDATE (name, expires_at, revoked_at) ON api_keys TO %I', application);
        EXECUTE format('GRANT UPDATE (outcome, status_code, duration_ms, error, response_digest, details) '
                       'ON external_service_calls TO %I', application);
    END IF;
    FOREACH suffix IN ARRAY ARRAY['app', 'service', 'backup', 'readonly', 'auditor', 'advisor'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON migrations FROM %I', account);
        CONTINUE WHEN suffix IN ('app', 'service');
        -- Who only reads signs nobody in.
        EXECUTE format('REVOKE EXECUTE ON FUNCTION find_credentials(text), use_api_key(bytea), confirm_email(bytea), '
                       'reset_password(bytea, text) FROM %I', account);
    END LOOP;
    -- Password hashes leave through find_credentials() alone.
    FOREACH suffix IN ARRAY ARRAY['readonly', 'auditor', 'advisor'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('REVOKE SELECT ON users FROM %I', account);
        EXECUTE format('GRANT SELECT (id, email, full_name, company, status, email_verified_at, failed_sign_ins, '
                       'locked_until, last_sign_in_at, created_at, updated_at) ON users TO %I', account);
    END LOOP;
    -- An auditor sees every row: that is what auditors are for.
    account := prefix || '_auditor';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN
        FOR relation IN SELECT c.relname FROM pg_class c
                         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity LOOP
            EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO %I USING (true)', relation || '_audit', relation,
                           account);
        END LOOP;
    END IF;
END
$$;
