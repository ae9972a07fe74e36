-- caisson: description Users, their credentials, roles and permissions, and who belongs to which organisation
--
-- The truth about accounts and memberships for all four databases. Users sign in before anybody knows who they are:
-- whatever happens until then is done by the service role.

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true; called only when a row really changes.';

CREATE TABLE roles (
    code        text PRIMARY KEY,
    title_en    text NOT NULL,
    title_ar    text,
    description text NOT NULL,
    CONSTRAINT roles_code_form CHECK (code ~ '^[a-z]+(_[a-z]+)*$'),
    CONSTRAINT roles_title_ar_script CHECK (title_ar ~ '[ء-ي]')
);
COMMENT ON TABLE roles IS 'What somebody is in an organisation.';
COMMENT ON COLUMN roles.code IS 'Stable name.';
COMMENT ON COLUMN roles.title_en IS 'As shown in English.';
COMMENT ON COLUMN roles.title_ar IS 'As shown in Arabic.';
COMMENT ON COLUMN roles.description IS 'Who gets it.';

CREATE TABLE permissions (
    code        text PRIMARY KEY,
    description text NOT NULL,
    CONSTRAINT permissions_code_form CHECK (code ~ '^[a-z]+(_[a-z]+)*\.[a-z]+$')
);
COMMENT ON TABLE permissions IS 'What can be allowed.';
COMMENT ON COLUMN permissions.code IS 'The thing and what is done with it: assessments.approve.';
COMMENT ON COLUMN permissions.description IS 'What it allows.';

CREATE TABLE role_permissions (
    role_code       text NOT NULL REFERENCES roles (code) ON DELETE CASCADE,
    permission_code text NOT NULL REFERENCES permissions (code) ON DELETE CASCADE,
    PRIMARY KEY (role_code, permission_code)
);
COMMENT ON TABLE role_permissions IS
    'What a role may. No role both prepares and approves (ECC 2-2-3: segregation of duties); verification looks.';
COMMENT ON COLUMN role_permissions.role_code IS 'The role.';
COMMENT ON COLUMN role_permissions.permission_code IS 'What it may.';

CREATE INDEX role_permissions_permission_code_idx ON role_permissions (permission_code);
COMMENT ON INDEX role_permissions_permission_code_idx IS
    'Which roles may: WHERE permission_code = $1; the foreign key to permissions.';

CREATE TABLE users (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email           text NOT NULL,
    full_name       text NOT NULL,
    locale          text NOT NULL DEFAULT 'ar',
    is_active       boolean NOT NULL DEFAULT true,
    last_sign_in_at timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT users_full_name_given CHECK (btrim(full_name) <> ''),
    CONSTRAINT users_locale_known CHECK (locale IN ('ar', 'en'))
);
COMMENT ON TABLE users IS 'Accounts of people. Deactivated, never deleted: approvals and trails name them.';
COMMENT ON COLUMN users.id IS 'Stable name, the same in all four databases.';
COMMENT ON COLUMN users.email IS 'Address to sign in with; unique whatever its case.';
COMMENT ON COLUMN users.full_name IS 'As shown to colleagues and in reports.';
COMMENT ON COLUMN users.locale IS 'ar or en.';
COMMENT ON COLUMN users.is_active IS 'False once the account is closed.';
COMMENT ON COLUMN users.last_sign_in_at IS 'Last sign-in; empty before the first.';
COMMENT ON COLUMN users.created_at IS 'When the account was made.';
COMMENT ON COLUMN users.updated_at IS 'When the row last changed.';

CREATE UNIQUE INDEX users_email_key ON users (lower(email));
COMMENT ON INDEX users_email_key IS 'Sign-in: WHERE lower(email) = lower($1). One account for each address.';

CREATE TABLE user_credentials (
    user_id       uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    password_hash text NOT NULL,
    must_change   boolean NOT NULL DEFAULT true,
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_credentials_password_hash_form CHECK (password_hash LIKE '$argon2id$%')
);
COMMENT ON TABLE user_credentials IS
    'What proves who somebody is. Apart from users, and for the service role alone: no other role reads it.';
COMMENT ON COLUMN user_credentials.user_id IS 'The account.';
COMMENT ON COLUMN user_credentials.password_hash IS 'Argon2id in its usual text form, salt and parameters included.';
COMMENT ON COLUMN user_credentials.must_change IS 'Whether the next sign-in asks for a new password.';
COMMENT ON COLUMN user_credentials.changed_at IS 'When it was set.';

CREATE TABLE memberships (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_code       text NOT NULL REFERENCES roles (code) ON DELETE RESTRICT,
    granted_by      uuid REFERENCES users (id) ON DELETE SET NULL,
    granted_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, user_id)
);
COMMENT ON TABLE memberships IS
    'Who is what in which organisation: one role each. The truth for the copies `organisation_members` in the other '
    'three '
    'databases; whoever writes here writes there, too.';
COMMENT ON COLUMN memberships.organisation_id IS
    'organisations.id of the main database. Between databases no foreign key can hold.';
COMMENT ON COLUMN memberships.user_id IS 'The account.';
COMMENT ON COLUMN memberships.role_code IS 'What it is there.';
COMMENT ON COLUMN memberships.granted_by IS 'Who let it in.';
COMMENT ON COLUMN memberships.granted_at IS 'When.';

CREATE INDEX memberships_user_id_idx ON memberships (user_id);
COMMENT ON INDEX memberships_user_id_idx IS
    'Every policy: the organisations of the current user, WHERE user_id = $1; the foreign key to users.';
CREATE INDEX memberships_role_code_idx ON memberships (role_code);
COMMENT ON INDEX memberships_role_code_idx IS 'Who has a role: WHERE role_code = $1; the foreign key to roles.';
CREATE INDEX memberships_granted_by_idx ON memberships (granted_by);
COMMENT ON INDEX memberships_granted_by_idx IS 'Whom somebody let in; the foreign key to users.';

CREATE TABLE sign_in_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    user_id     uuid REFERENCES users (id) ON DELETE CASCADE,
    email       text NOT NULL,
    outcome     text NOT NULL,
    source_ip   inet,
    user_agent  text,
    CONSTRAINT sign_in_events_outcome_known
        CHECK (outcome IN ('signed_in', 'wrong_password', 'unknown_account', 'closed_account', 'signed_out'))
);
COMMENT ON TABLE sign_in_events IS 'Who signed in, or tried. Kept twelve months at least (ECC 2-12-3-5).';
COMMENT ON COLUMN sign_in_events.id IS 'Orders the events of a server.';
COMMENT ON COLUMN sign_in_events.occurred_at IS 'When.';
COMMENT ON COLUMN sign_in_events.user_id IS 'The account; empty where there is none of that address.';
COMMENT ON COLUMN sign_in_events.email IS 'The address that was given.';
COMMENT ON COLUMN sign_in_events.outcome IS 'signed_in, wrong_password, unknown_account, closed_account or signed_out.';
COMMENT ON COLUMN sign_in_events.source_ip IS 'Where the request came from.';
COMMENT ON COLUMN sign_in_events.user_agent IS 'What the browser said of itself.';

CREATE INDEX sign_in_events_user_id_idx ON sign_in_events (user_id, id DESC);
COMMENT ON INDEX sign_in_events_user_id_idx IS
    'What an account did: WHERE user_id = $1 ORDER BY id DESC; the foreign key to users.';
CREATE INDEX sign_in_events_failed_idx ON sign_in_events (source_ip, occurred_at)
    WHERE outcome IN ('wrong_password', 'unknown_account');
COMMENT ON INDEX sign_in_events_failed_idx IS
    'Guessing: WHERE source_ip = $1 AND occurred_at > $2 AND outcome = ''wrong_password''.';
CREATE INDEX sign_in_events_occurred_at_idx ON sign_in_events USING brin (occurred_at);
COMMENT ON INDEX sign_in_events_occurred_at_idx IS
    'A period: WHERE occurred_at BETWEEN $1 AND $2. Events come in order, so BRIN is small.';

CREATE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
