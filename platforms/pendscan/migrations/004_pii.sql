-- caisson: description Personal data apart: sealed columns, keyed indexes, the access log (PND-7, PND-9)
--
-- The database holds no key. The application seals a value with the key of its person (AES-256-GCM) and computes the
-- HMACs; the key of the person is sealed by a key that lies elsewhere (PII_SEAL_KEY). To erase somebody is to destroy the
-- person's key: what is sealed with it anywhere, the files of documents among it, can never be read again. Backups hold
-- the sealed key as long as they are kept; after a restore, erase again whom a later access log says was erased.
--
-- A sealed value is: version (1 byte, 1), nonce (12), ciphertext, tag (16). Associated data is the name of the column
-- and the id of the row, so that no value can be moved to another place: pii.people.phone:<user_id>.
-- HMAC-SHA-256 under PII_INDEX_KEY of "phone:<E.164>", "email:<address in small letters>", "prefix:<digits>",
-- "suffix:<digits>"; the digits of a number are those of E.164 without the plus sign.
--
-- Only the role pii reaches this schema (caisson.toml), and sealed columns only through reveal() and open_document(),
-- which write the access log.

CREATE SCHEMA pii;
COMMENT ON SCHEMA pii IS
    'Personal data, sealed by the application. Nobody but the role pii, seeding and backups reach it.';

-- -------------------------------------------------------------------------------------------------- people
CREATE TABLE pii.people (
    user_id       uuid PRIMARY KEY REFERENCES public.users (id) ON DELETE RESTRICT,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    erased_at     timestamptz,
    key_version   smallint NOT NULL DEFAULT 1,
    person_key    bytea,
    full_name     bytea,
    phone         bytea,
    email         bytea,
    date_of_birth bytea,
    address       bytea,
    phone_hmac    bytea,
    email_hmac    bytea,
    CONSTRAINT people_phone_hmac_key UNIQUE (phone_hmac),
    CONSTRAINT people_email_hmac_key UNIQUE (email_hmac),
    CONSTRAINT people_key_version_range CHECK (key_version >= 1),
    -- Version, nonce, key of 32 bytes, tag; a value has at least one byte.
    CONSTRAINT people_person_key_length CHECK (octet_length(person_key) = 61),
    CONSTRAINT people_full_name_length CHECK (octet_length(full_name) >= 30),
    CONSTRAINT people_phone_length CHECK (octet_length(phone) >= 30),
    CONSTRAINT people_email_length CHECK (octet_length(email) >= 30),
    CONSTRAINT people_date_of_birth_length CHECK (octet_length(date_of_birth) = 39),
    CONSTRAINT people_address_length CHECK (octet_length(address) >= 30),
    CONSTRAINT people_phone_hmac_length CHECK (octet_length(phone_hmac) = 32),
    CONSTRAINT people_email_hmac_length CHECK (octet_length(email_hmac) = 32),
    CONSTRAINT people_phone_whole CHECK ((phone IS NULL) = (phone_hmac IS NULL)),
    CONSTRAINT people_email_whole CHECK ((email IS NULL) = (email_hmac IS NULL)),
    CONSTRAINT people_erased_is_empty CHECK (
        (erased_at IS NULL) = (person_key IS NOT NULL)
        AND (erased_at IS NULL
             OR coalesce(full_name, phone, email, date_of_birth, address, phone_hmac, email_hmac) IS NULL))
);
COMMENT ON TABLE pii.people IS
    'Who a user is. Every value is sealed with the key of this person; equality goes by HMAC.';
COMMENT ON COLUMN pii.people.key_version IS
    'Version of the keys outside under which person_key and the HMACs were made.';
COMMENT ON COLUMN pii.people.person_key IS 'The person''s own key, sealed. Without it nothing of the row can be read.';
COMMENT ON COLUMN pii.people.phone IS 'Number in E.164, sealed.';
COMMENT ON COLUMN pii.people.date_of_birth IS 'YYYY-MM-DD, sealed.';
COMMENT ON COLUMN pii.people.phone_hmac IS 'HMAC of the number: the same number gives the same 32 bytes.';
COMMENT ON COLUMN pii.people.erased_at IS 'When the person was erased: key, values and HMACs are gone, the row stays.';
COMMENT ON CONSTRAINT people_phone_hmac_key ON pii.people IS
    'Who has this number: WHERE phone_hmac = $1. One user for each number.';
COMMENT ON CONSTRAINT people_email_hmac_key ON pii.people IS
    'Who has this address: WHERE email_hmac = $1. One user for each address.';
COMMENT ON INDEX pii.people_phone_hmac_key IS 'Who has this number: WHERE phone_hmac = $1.';
COMMENT ON INDEX pii.people_email_hmac_key IS 'Who has this address: WHERE email_hmac = $1.';

CREATE TRIGGER people_touched BEFORE UPDATE ON pii.people
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION public.touch_updated_at();

-- ---------------------------------------------------------------------------------- parts of phone numbers
-- What they give away: whoever reads these tables without the key learns how many people share a token, and so how
-- often each beginning and each end of that length occurs, and which people share one: no digits. Whoever has the key
-- can try all of them. Hence 3 to 8 digits from the front, 4 to 6 from the back, and no length beside the token.
CREATE TABLE pii.phone_prefixes (
    token   bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES pii.people (user_id) ON DELETE CASCADE,
    CONSTRAINT phone_prefixes_pkey PRIMARY KEY (token, user_id),
    CONSTRAINT phone_prefixes_token_length CHECK (octet_length(token) = 32)
);
COMMENT ON TABLE pii.phone_prefixes IS
    'Beginnings of phone numbers, 3 to 8 digits, as HMACs. Leaks how many and which people share one; no digits.';
COMMENT ON COLUMN pii.phone_prefixes.token IS 'HMAC of "prefix:" and the digits.';
COMMENT ON INDEX pii.phone_prefixes_pkey IS 'Search by the first digits: WHERE token = $1.';
CREATE INDEX phone_prefixes_user_idx ON pii.phone_prefixes (user_id);
COMMENT ON INDEX pii.phone_prefixes_user_idx IS
    'Tokens of a person, to replace or erase them; the foreign key to people.';

CREATE TABLE pii.phone_suffixes (
    token   bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES pii.people (user_id) ON DELETE CASCADE,
    CONSTRAINT phone_suffixes_pkey PRIMARY KEY (token, user_id),
    CONSTRAINT phone_suffixes_token_length CHECK (octet_length(token) = 32)
);
COMMENT ON TABLE pii.phone_suffixes IS
    'Ends of phone numbers, 4 to 6 digits, as HMACs. Leaks how many and which people share one; no digits.';
COMMENT ON COLUMN pii.phone_suffixes.token IS 'HMAC of "suffix:" and the digits.';
COMMENT ON INDEX pii.phone_suffixes_pkey IS 'Search by the last digits: WHERE token = $1.';
CREATE INDEX phone_suffixes_user_idx ON pii.phone_suffixes (user_id);
COMMENT ON INDEX pii.phone_suffixes_user_idx IS
    'Tokens of a person, to replace or erase them; the foreign key to people.';

-- -------------------------------------------------------------------------------------------- document_files
CREATE TABLE pii.document_files (
    document_id   uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES pii.people (user_id) ON DELETE RESTRICT,
    created_at    timestamptz NOT NULL DEFAULT now(),
    original_name bytea,
    location      bytea,
    file_key      bytea,
    CONSTRAINT document_files_document_fkey FOREIGN KEY (document_id, user_id)
        REFERENCES public.kyc_documents (id, user_id) ON DELETE RESTRICT,
    CONSTRAINT document_files_original_name_length CHECK (octet_length(original_name) >= 30),
    CONSTRAINT document_files_location_length CHECK (octet_length(location) >= 30),
    CONSTRAINT document_files_file_key_length CHECK (octet_length(file_key) = 61)
);
COMMENT ON TABLE pii.document_files IS
    'Where the file of a document lies, what it was called, its key: all sealed with the key of the person.';
COMMENT ON COLUMN pii.document_files.original_name IS
    'Name of the file as it was handed in, sealed: it often holds a name.';
COMMENT ON COLUMN pii.document_files.file_key IS
    'Key of the stored file, sealed; empty where an old file lies there in plain.';

CREATE INDEX document_files_document_idx ON pii.document_files (document_id, user_id);
COMMENT ON INDEX pii.document_files_document_idx IS 'The foreign key to kyc_documents.';
CREATE INDEX document_files_user_idx ON pii.document_files (user_id);
COMMENT ON INDEX pii.document_files_user_idx IS
    'All files of a person, to hand out or erase; the foreign key to people.';

-- ----------------------------------------------------------------------------------------------- access_log
CREATE TABLE pii.access_log (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id    uuid NOT NULL,
    user_id     uuid NOT NULL,
    document_id uuid,
    access      text NOT NULL,
    purpose     text NOT NULL,
    db_role     text NOT NULL DEFAULT session_user,
    CONSTRAINT access_log_access_known CHECK (access IN ('reveal', 'open_document', 'erase')),
    CONSTRAINT access_log_purpose_given CHECK (btrim(purpose) <> '')
);
COMMENT ON TABLE pii.access_log IS
    'Who saw whose personal data, when, what for. Only ever added to, and only by the functions below. No foreign keys: '
    'it outlives what it tells of.';
COMMENT ON COLUMN pii.access_log.actor_id IS 'The administrator, or the person itself.';
COMMENT ON COLUMN pii.access_log.user_id IS 'Whose data it is.';
COMMENT ON COLUMN pii.access_log.document_id IS 'The document that was opened.';
COMMENT ON COLUMN pii.access_log.db_role IS 'Role of PostgreSQL that asked.';

CREATE INDEX access_log_user_idx ON pii.access_log (user_id, occurred_at DESC);
COMMENT ON INDEX pii.access_log_user_idx IS
    'Access log of a person (GDPR): WHERE user_id = $1 ORDER BY occurred_at DESC.';
CREATE INDEX access_log_actor_idx ON pii.access_log (actor_id, occurred_at DESC);
COMMENT ON INDEX pii.access_log_actor_idx IS 'What somebody looked at: WHERE actor_id = $1 ORDER BY occurred_at DESC.';
CREATE INDEX access_log_document_idx ON pii.access_log (document_id, occurred_at DESC) WHERE document_id IS NOT NULL;
COMMENT ON INDEX pii.access_log_document_idx IS
    'Who opened a document: WHERE document_id = $1 ORDER BY occurred_at DESC.';

CREATE TRIGGER access_log_only_added_to BEFORE UPDATE OR DELETE ON pii.access_log
    FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER access_log_never_emptied BEFORE TRUNCATE ON pii.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE pii.access_log ENABLE ALWAYS TRIGGER access_log_only_added_to;
ALTER TABLE pii.access_log ENABLE ALWAYS TRIGGER access_log_never_emptied;

-- ------------------------------------------------------------------------------------------------ functions
-- Who acts, and whether that is allowed: the person itself, or an active administrator. Nobody is an error, not silence.
CREATE FUNCTION pii.require_access(person uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    actor CONSTANT uuid := nullif(current_setting('app.current_user_id', true), '')::uuid;
BEGIN
    IF actor IS NULL OR (actor IS DISTINCT FROM person AND current_admin() IS NULL) THEN
        RAISE EXCEPTION 'no right to the personal data of user %', person
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'app.current_user_id names neither this user nor an active administrator.';
    END IF;
    RETURN actor;
END
$$;
COMMENT ON FUNCTION pii.require_access(uuid) IS
    'Gives who acts, or refuses: only the person itself and administrators pass.';

CREATE FUNCTION pii.reveal(person uuid, purpose text) RETURNS SETOF pii.people
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO pii.access_log (actor_id, user_id, access, purpose)
    VALUES (pii.require_access(person), person, 'reveal', reveal.purpose);
    RETURN QUERY SELECT p.* FROM pii.people p WHERE p.user_id = person;
END
$$;
COMMENT ON FUNCTION pii.reveal(uuid, text) IS 'A person''s sealed values, against an entry in the access log.';

CREATE FUNCTION pii.open_document(document uuid, purpose text) RETURNS SETOF pii.document_files
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    person CONSTANT uuid := (SELECT f.user_id FROM pii.document_files f WHERE f.document_id = document);
    actor CONSTANT uuid := pii.require_access(person);
BEGIN
    IF person IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO pii.access_log (actor_id, user_id, document_id, access, purpose)
    VALUES (actor, person, document, 'open_document', open_document.purpose);
    RETURN QUERY SELECT f.* FROM pii.document_files f WHERE f.document_id = document;
END
$$;
COMMENT ON FUNCTION pii.open_document(uuid, text) IS
    'Where the file of a document lies, sealed, against an entry in the access log (PND-6).';

CREATE FUNCTION pii.erase(person uuid, purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO pii.access_log (actor_id, user_id, access, purpose)
    VALUES (pii.require_access(person), person, 'erase', erase.purpose);
    UPDATE pii.people
       SET erased_at = now(), person_key = NULL, full_name = NULL, phone = NULL, email = NULL, date_of_birth = NULL,
           address = NULL, phone_hmac = NULL, email_hmac = NULL
     WHERE user_id = person AND erased_at IS NULL;
    DELETE FROM pii.phone_prefixes WHERE user_id = person;
    DELETE FROM pii.phone_suffixes WHERE user_id = person;
    UPDATE pii.document_files SET original_name = NULL, location = NULL, file_key = NULL WHERE user_id = person;
END
$$;
COMMENT ON FUNCTION pii.erase(uuid, text) IS
    'Forgets a person: key, values, HMACs and parts of the number. The user, investments and the trail stay, about '
    'nobody. Copies of the sealed key in older backups go with these.';
