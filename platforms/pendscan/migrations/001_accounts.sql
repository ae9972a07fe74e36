-- caisson: description Administrators and their actions, users, wallets (PND-7)
--
-- Nothing here says who a user is in life: names, phone numbers and addresses are in the schema pii (004), sealed. Whose
-- rows a session may see is said in 009_access.sql; it trusts the setting app.current_user_id, which holds the id of a
-- user or of an administrator for one transaction.

-- Provisioning has made them already; under plain psql they are made here. TimescaleDB is the administrator's to add.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['uuid-ossp', 'pgcrypto', 'pg_trgm', 'btree_gin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = wanted) THEN
            EXECUTE format('CREATE EXTENSION %I', wanted);
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Keeps updated_at true; called only when a row really changes.';

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'Write a new entry that corrects the old one.';
END
$$;
COMMENT ON FUNCTION refuse_change() IS
    'Keeps a table append-only: the triggers of audit_trail, admin_actions, pii.access_log.';

-- ---------------------------------------------------------------------------------------------- admin_users
CREATE TYPE admin_role AS ENUM ('superadmin', 'asset_manager', 'kyc_reviewer', 'support', 'analyst');
COMMENT ON TYPE admin_role IS 'What an administrator is there for. What it means the admin panel decides.';

CREATE TABLE admin_users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL,
    display_name  text NOT NULL,
    role          admin_role NOT NULL,
    is_active     boolean NOT NULL DEFAULT true,
    last_login_at timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT admin_users_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT admin_users_display_name_given CHECK (btrim(display_name) <> '')
);
COMMENT ON TABLE admin_users IS
    'Those who work in the admin panel. Deactivated, never deleted: decisions and the audit trail name them.';
COMMENT ON COLUMN admin_users.email IS 'Address to sign in with; unique whatever its case.';
COMMENT ON COLUMN admin_users.is_active IS 'False once the account is closed: its id opens no row any more.';
COMMENT ON COLUMN admin_users.last_login_at IS 'Last sign-in; empty before the first.';

CREATE UNIQUE INDEX admin_users_email_key ON admin_users (lower(email));
COMMENT ON INDEX admin_users_email_key IS 'Sign-in: WHERE lower(email) = lower($1). One account for each address.';

CREATE TRIGGER admin_users_touched BEFORE UPDATE ON admin_users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- STABLE and without arguments: as (SELECT current_admin()) in a policy it is asked once a query. The owner answers, so
-- that nobody needs a right on admin_users to be asked who he is.
CREATE FUNCTION current_admin() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
BEGIN ATOMIC
    SELECT id FROM admin_users
     WHERE id = nullif(current_setting('app.current_user_id', true), '')::uuid AND is_active;
END;
COMMENT ON FUNCTION current_admin() IS
    'The administrator whom the session names in app.current_user_id; NULL for a user, for nobody, for a closed account.';

-- -------------------------------------------------------------------------------------------- admin_actions
CREATE TABLE admin_actions (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at   timestamptz NOT NULL DEFAULT now(),
    admin_user_id uuid REFERENCES admin_users (id) ON DELETE RESTRICT,
    admin_name    text NOT NULL,
    action        text NOT NULL,
    target_type   text,
    target_id     text,
    details       jsonb NOT NULL DEFAULT '{}',
    ip_address    inet,
    CONSTRAINT admin_actions_admin_name_given CHECK (btrim(admin_name) <> ''),
    CONSTRAINT admin_actions_action_form CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    CONSTRAINT admin_actions_target_whole CHECK ((target_type IS NULL) = (target_id IS NULL)),
    CONSTRAINT admin_actions_details_object CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE admin_actions IS
    'What administrators did, in the words of the admin panel. What it changed row by row is in audit_trail.';
COMMENT ON COLUMN admin_actions.admin_user_id IS 'Who; empty where an old log names somebody without an account.';
COMMENT ON COLUMN admin_actions.admin_name IS 'Who, as the panel or the old log wrote it.';
COMMENT ON COLUMN admin_actions.action IS 'What, such as kyc.approved or asset.published.';
COMMENT ON COLUMN admin_actions.target_type IS
    'Table of what it was done to; empty with target_id where it was nothing.';
COMMENT ON COLUMN admin_actions.target_id IS 'Primary key of what it was done to, as text.';
COMMENT ON COLUMN admin_actions.ip_address IS 'Where the administrator was.';

CREATE INDEX admin_actions_admin_idx ON admin_actions (admin_user_id, occurred_at DESC);
COMMENT ON INDEX admin_actions_admin_idx IS
    'What somebody did: WHERE admin_user_id = $1 ORDER BY occurred_at DESC; the foreign key to admin_users.';
CREATE INDEX admin_actions_target_idx ON admin_actions (target_type, target_id, occurred_at DESC);
COMMENT ON INDEX admin_actions_target_idx IS
    'What was done to something: WHERE target_type = $1 AND target_id = $2 ORDER BY occurred_at DESC.';
CREATE INDEX admin_actions_action_idx ON admin_actions (action, occurred_at DESC);
COMMENT ON INDEX admin_actions_action_idx IS 'Log of a kind: WHERE action = $1 ORDER BY occurred_at DESC.';
CREATE INDEX admin_actions_occurred_at_idx ON admin_actions (occurred_at DESC);
COMMENT ON INDEX admin_actions_occurred_at_idx IS 'The log, newest first: ORDER BY occurred_at DESC LIMIT 50.';

CREATE TRIGGER admin_actions_only_added_to BEFORE UPDATE OR DELETE ON admin_actions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER admin_actions_never_emptied BEFORE TRUNCATE ON admin_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also for a session that says session_replication_role = replica.
ALTER TABLE admin_actions ENABLE ALWAYS TRIGGER admin_actions_only_added_to;
ALTER TABLE admin_actions ENABLE ALWAYS TRIGGER admin_actions_never_emptied;

-- ---------------------------------------------------------------------------------------------------- users
-- Here and wherever rows have policies (009) a state is text with a CHECK and no enum: only what cannot leak a hidden row
-- is looked up in an index before the policy is asked, and PostgreSQL vouches for the equality of texts, not of enums.
CREATE TABLE users (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    tier         text NOT NULL DEFAULT 'bronze',
    status       text NOT NULL DEFAULT 'active',
    country      text,
    preferences  jsonb NOT NULL DEFAULT '{}',
    metadata     jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT users_tier_known CHECK (tier IN ('bronze', 'silver', 'gold', 'platinum')),
    CONSTRAINT users_status_known CHECK (status IN ('active', 'suspended', 'closed')),
    CONSTRAINT users_country_form CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT users_preferences_object CHECK (jsonb_typeof(preferences) = 'object'),
    CONSTRAINT users_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE users IS
    'Investors, by a name that tells nothing. Closed, never deleted: investments and blocks refer to them; who they '
    'are can be erased (pii.erase).';
COMMENT ON COLUMN users.created_at IS 'When the user registered.';
COMMENT ON COLUMN users.last_seen_at IS 'Last request of a signed-in session; empty before the first.';
COMMENT ON COLUMN users.tier IS 'Level of the investor: bronze, silver, gold or platinum.';
COMMENT ON COLUMN users.status IS 'Whether the user may act: active, suspended or closed.';
COMMENT ON COLUMN users.country IS 'Country of residence, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN users.preferences IS 'What the user has set, such as language and notifications. An object.';
COMMENT ON COLUMN users.metadata IS
    'Whatever else is known, such as campaign and referrer. An object; no personal data, for it is in every backup and '
    'in the audit trail in plain text.';

CREATE INDEX users_tier_idx ON users (tier, created_at DESC);
COMMENT ON INDEX users_tier_idx IS 'Directory by tier: WHERE tier = $1 ORDER BY created_at DESC.';
CREATE INDEX users_created_at_idx ON users (created_at DESC);
COMMENT ON INDEX users_created_at_idx IS
    'Directory by registration: WHERE created_at >= $1 AND created_at < $2; new users in real_time_stats.';
CREATE INDEX users_last_seen_at_idx ON users (last_seen_at DESC NULLS LAST);
COMMENT ON INDEX users_last_seen_at_idx IS 'Who was here lately, who has gone: ORDER BY last_seen_at DESC NULLS LAST.';
CREATE INDEX idx_user_metadata_gin ON users USING gin (metadata);
COMMENT ON INDEX idx_user_metadata_gin IS 'Whatever metadata holds: WHERE metadata @> $1; search_users() (PND-15).';
CREATE INDEX idx_user_preferences_gin ON users USING gin (preferences);
COMMENT ON INDEX idx_user_preferences_gin IS 'Whom to notify: WHERE preferences @> $1; search_users() (PND-15).';

CREATE TRIGGER users_touched BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();

-- -------------------------------------------------------------------------------------------------- wallets
CREATE TABLE wallets (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at  timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    is_primary  boolean NOT NULL DEFAULT false,
    address     bytea NOT NULL,
    label       text,
    metadata    jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT wallets_address_key UNIQUE (address),
    CONSTRAINT wallets_of_user UNIQUE (id, user_id),
    CONSTRAINT wallets_address_length CHECK (octet_length(address) = 20),
    CONSTRAINT wallets_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE wallets IS
    'Wallets of users on the chain. Who holds one is never shown by the explorer: see wallet_directory.';
COMMENT ON COLUMN wallets.address IS 'The address, 20 bytes; written 0x and 40 hexadecimal digits.';
COMMENT ON COLUMN wallets.verified_at IS 'When its holder signed a challenge; empty before.';
COMMENT ON COLUMN wallets.is_primary IS 'Where payouts go: one wallet of a user at most.';
COMMENT ON COLUMN wallets.label IS 'What its holder calls it.';

CREATE INDEX wallets_user_idx ON wallets (user_id);
COMMENT ON INDEX wallets_user_idx IS 'Wallets of a user: WHERE user_id = $1; the foreign key to users.';
CREATE UNIQUE INDEX wallets_primary_once ON wallets (user_id) WHERE is_primary;
COMMENT ON INDEX wallets_primary_once IS 'Where to pay out: WHERE user_id = $1 AND is_primary. One for each user.';
CREATE INDEX wallets_address_part_idx ON wallets USING gin (encode(address, 'hex') gin_trgm_ops);
COMMENT ON INDEX wallets_address_part_idx IS
    'Search by a part of an address, three digits or more: WHERE encode(address, ''hex'') LIKE ''%'' || $1 || ''%''; '
    'search_wallets().';

CREATE TRIGGER wallets_touched BEFORE UPDATE ON wallets
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
