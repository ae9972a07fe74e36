-- caisson: description KYC applications, documents, the queue and bulk decisions (PND-6)
--
-- An application is pending until somebody takes it, in_review until it is decided. What was decided is not decided
-- again: a new application is made. Files and their names are personal data and lie in pii.document_files (004).

-- ----------------------------------------------------------------------------------------- kyc_applications
CREATE TABLE kyc_applications (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    submitted_at      timestamptz NOT NULL DEFAULT now(),
    review_started_at timestamptz,
    decided_at        timestamptz,
    expires_at        timestamptz,
    updated_at        timestamptz NOT NULL DEFAULT now(),
    priority          smallint NOT NULL DEFAULT 3,
    risk_score        smallint,
    assigned_to       uuid REFERENCES admin_users (id) ON DELETE RESTRICT,
    decided_by        uuid REFERENCES admin_users (id) ON DELETE RESTRICT,
    level             text NOT NULL DEFAULT 'basic',
    status            text NOT NULL DEFAULT 'pending',
    reason            text,
    metadata          jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT kyc_applications_of_user UNIQUE (id, user_id),
    CONSTRAINT kyc_applications_level_known CHECK (level IN ('basic', 'enhanced')),
    CONSTRAINT kyc_applications_status_known CHECK (
        status IN ('pending', 'in_review', 'needs_information', 'approved', 'rejected', 'expired')),
    CONSTRAINT kyc_applications_priority_range CHECK (priority BETWEEN 1 AND 5),
    CONSTRAINT kyc_applications_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT kyc_applications_decision_dated
        CHECK ((status IN ('approved', 'rejected', 'expired')) = (decided_at IS NOT NULL)),
    CONSTRAINT kyc_applications_decision_signed CHECK (decided_at IS NULL OR decided_by IS NOT NULL),
    CONSTRAINT kyc_applications_refusal_explained
        CHECK (status NOT IN ('rejected', 'needs_information') OR coalesce(btrim(reason), '') <> ''),
    CONSTRAINT kyc_applications_decided_after_submission CHECK (decided_at >= submitted_at),
    CONSTRAINT kyc_applications_expires_after_decision CHECK (expires_at > decided_at),
    CONSTRAINT kyc_applications_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE kyc_applications IS 'Requests of users to be verified. Evidence for the regulator: never deleted.';
COMMENT ON COLUMN kyc_applications.level IS 'How thoroughly somebody is looked at: basic or enhanced.';
COMMENT ON COLUMN kyc_applications.status IS
    'pending, in_review and needs_information are open; approved and rejected are decisions; expired was approved.';
COMMENT ON COLUMN kyc_applications.priority IS '1 is looked at first, 5 last; 3 where nobody said anything.';
COMMENT ON COLUMN kyc_applications.risk_score IS 'Risk, 0 to 100, higher is worse; empty until scored.';
COMMENT ON COLUMN kyc_applications.review_started_at IS 'When somebody first took it; set by the trigger.';
COMMENT ON COLUMN kyc_applications.decided_at IS 'When it was approved or rejected; set by the trigger.';
COMMENT ON COLUMN kyc_applications.decided_by IS 'Who decided: the administrator of the session; set by the trigger.';
COMMENT ON COLUMN kyc_applications.expires_at IS 'When an approval ends.';
COMMENT ON COLUMN kyc_applications.reason IS 'Why it was rejected, or what is missing; shown to the user.';

CREATE UNIQUE INDEX kyc_applications_open_once ON kyc_applications (user_id)
    WHERE status IN ('pending', 'in_review', 'needs_information');
COMMENT ON INDEX kyc_applications_open_once IS
    'The open application: WHERE user_id = $1 AND status IN (''pending'', …). One for each user.';
CREATE INDEX kyc_applications_queue_idx ON kyc_applications (priority, submitted_at)
    WHERE status IN ('pending', 'in_review');
COMMENT ON INDEX kyc_applications_queue_idx IS
    'The queue: WHERE status IN (''pending'', ''in_review'') ORDER BY priority, submitted_at LIMIT 50.';
CREATE INDEX kyc_applications_status_idx ON kyc_applications (status, submitted_at DESC);
COMMENT ON INDEX kyc_applications_status_idx IS
    'Filter by state and date: WHERE status = $1 AND submitted_at >= $2 ORDER BY submitted_at DESC.';
CREATE INDEX kyc_applications_user_idx ON kyc_applications (user_id, submitted_at DESC);
COMMENT ON INDEX kyc_applications_user_idx IS
    'Latest of a user: WHERE user_id = $1 ORDER BY submitted_at DESC LIMIT 1; user_directory; the foreign key to users.';
CREATE INDEX kyc_applications_assigned_idx ON kyc_applications (assigned_to, priority, submitted_at);
COMMENT ON INDEX kyc_applications_assigned_idx IS
    'Desk of a reviewer: WHERE assigned_to = $1 ORDER BY priority, submitted_at; the foreign key to admin_users.';
CREATE INDEX kyc_applications_decided_idx ON kyc_applications (decided_by, decided_at DESC);
COMMENT ON INDEX kyc_applications_decided_idx IS
    'What a reviewer decided, newest first; the foreign key to admin_users.';
CREATE INDEX kyc_applications_expires_at_idx ON kyc_applications (expires_at) WHERE status = 'approved';
COMMENT ON INDEX kyc_applications_expires_at_idx IS
    'Approvals that end: WHERE status = ''approved'' AND expires_at < $1.';

-- The states and how one follows another, in one place for every way of changing them.
CREATE FUNCTION kyc_status_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT (
        OLD.status = 'pending' AND NEW.status IN ('in_review', 'needs_information', 'approved', 'rejected')
        OR OLD.status = 'in_review' AND NEW.status IN ('pending', 'needs_information', 'approved', 'rejected')
        OR OLD.status = 'needs_information' AND NEW.status IN ('pending', 'in_review', 'rejected')
        OR OLD.status = 'approved' AND NEW.status = 'expired'
    ) THEN
        RAISE EXCEPTION 'a KYC application that is % cannot become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kyc_status_follows', TABLE = 'kyc_applications',
                  HINT = 'What is decided stays; the user submits a new application.';
    END IF;
    IF NEW.status <> 'pending' THEN
        NEW.review_started_at := coalesce(NEW.review_started_at, now());
    END IF;
    IF NEW.status IN ('approved', 'rejected') THEN
        NEW.decided_at := coalesce(NEW.decided_at, now());
        NEW.decided_by := coalesce(current_admin(), NEW.decided_by);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION kyc_status_follows() IS
    'Which state may follow which; notes when and by whom. Trigger of kyc_applications.';

CREATE TRIGGER kyc_applications_status_follows BEFORE UPDATE OF status ON kyc_applications
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION kyc_status_follows();
CREATE TRIGGER kyc_applications_touched BEFORE UPDATE ON kyc_applications
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- ------------------------------------------------------------------------------------------- kyc_documents
CREATE TABLE kyc_documents (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id uuid NOT NULL,
    user_id        uuid NOT NULL,
    uploaded_at    timestamptz NOT NULL DEFAULT now(),
    reviewed_at    timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    size_bytes     bigint NOT NULL,
    reviewed_by    uuid REFERENCES admin_users (id) ON DELETE RESTRICT,
    type           text NOT NULL,
    status         text NOT NULL DEFAULT 'received',
    media_type     text NOT NULL,
    sha256         bytea,
    metadata       jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT kyc_documents_of_user UNIQUE (id, user_id),
    CONSTRAINT kyc_documents_application_fkey FOREIGN KEY (application_id, user_id)
        REFERENCES kyc_applications (id, user_id) ON DELETE RESTRICT,
    CONSTRAINT kyc_documents_type_known CHECK (
        type IN ('passport', 'national_id', 'driving_licence', 'proof_of_address', 'source_of_funds', 'selfie',
                 'company_registration', 'other')),
    CONSTRAINT kyc_documents_status_known CHECK (status IN ('received', 'accepted', 'refused')),
    CONSTRAINT kyc_documents_size_bytes_range CHECK (size_bytes >= 0),
    CONSTRAINT kyc_documents_media_type_form CHECK (media_type ~ '^[a-z]+/[a-z0-9.+-]+$'),
    CONSTRAINT kyc_documents_sha256_length CHECK (octet_length(sha256) = 32),
    CONSTRAINT kyc_documents_review_dated CHECK ((status = 'received') = (reviewed_at IS NULL)),
    CONSTRAINT kyc_documents_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE kyc_documents IS
    'What was handed in for an application: kind, size, digest. Where the file lies says pii.open_document, and notes '
    'who asked.';
COMMENT ON COLUMN kyc_documents.user_id IS 'Whose it is: the user of the application.';
COMMENT ON COLUMN kyc_documents.type IS 'What it is said to be.';
COMMENT ON COLUMN kyc_documents.status IS 'What a reviewer thinks of it: received, accepted or refused.';
COMMENT ON COLUMN kyc_documents.sha256 IS 'Digest of the file as it was handed in; empty where an old upload has none.';

CREATE INDEX kyc_documents_application_idx ON kyc_documents (application_id, user_id);
COMMENT ON INDEX kyc_documents_application_idx IS
    'Documents of an application: WHERE application_id = $1; the foreign key to kyc_applications.';
CREATE INDEX kyc_documents_user_idx ON kyc_documents (user_id);
COMMENT ON INDEX kyc_documents_user_idx IS 'A user''s own documents: WHERE user_id = $1; the policy.';
CREATE INDEX kyc_documents_type_idx ON kyc_documents (type, uploaded_at DESC);
COMMENT ON INDEX kyc_documents_type_idx IS 'Filter of the queue by type: WHERE type = $1 ORDER BY uploaded_at DESC.';
CREATE INDEX kyc_documents_sha256_idx ON kyc_documents (sha256);
COMMENT ON INDEX kyc_documents_sha256_idx IS 'The same file handed in twice, by whomever: WHERE sha256 = $1.';
CREATE INDEX kyc_documents_reviewed_by_idx ON kyc_documents (reviewed_by);
COMMENT ON INDEX kyc_documents_reviewed_by_idx IS 'What a reviewer looked at; the foreign key to admin_users.';

CREATE TRIGGER kyc_documents_touched BEFORE UPDATE ON kyc_documents
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- ------------------------------------------------------------------------------------------- bulk decisions
-- All or nothing: an application that cannot become so, or is not there, stops the whole batch. Rights and policies are
-- those of the caller.
CREATE FUNCTION set_kyc_status(applications uuid[], new_status text, why text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    actor CONSTANT uuid := current_admin();
    actor_name CONSTANT text := (SELECT display_name FROM admin_users WHERE id = actor);
    wanted CONSTANT bigint := (SELECT count(DISTINCT id) FROM unnest(applications) AS id);
    changed bigint;
BEGIN
    IF actor IS NULL THEN
        RAISE EXCEPTION 'only an active administrator changes KYC applications'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Set app.current_user_id in this transaction.';
    END IF;
    WITH updated AS (
        UPDATE kyc_applications
           SET status = new_status,
               reason = CASE WHEN new_status IN ('rejected', 'needs_information') THEN why ELSE reason END,
               assigned_to = CASE WHEN new_status = 'in_review' THEN actor ELSE assigned_to END
         WHERE id = ANY (applications) AND status <> new_status
        RETURNING id
    ), logged AS (
        INSERT INTO admin_actions (admin_user_id, admin_name, action, target_type, target_id, details)
        SELECT actor, actor_name, 'kyc.' || new_status, 'kyc_applications', id::text,
               jsonb_strip_nulls(jsonb_build_object('reason', why, 'batch_size', wanted))
          FROM updated
    )
    SELECT count(*) INTO changed FROM updated;
    IF changed <> wanted THEN
        RAISE EXCEPTION '% of % applications are not there or are % already', wanted - changed, wanted, new_status
            USING ERRCODE = 'no_data_found', HINT = 'Nothing was changed. Read the list again.';
    END IF;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION set_kyc_status(uuid[], text, text) IS
    'Moves applications into a state, all or none, with an entry in admin_actions for each; gives their number.';
