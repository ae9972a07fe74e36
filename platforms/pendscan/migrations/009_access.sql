-- caisson: description Who may do what, and whose rows anybody sees (PND-9)
--
-- Policies: the application sees and writes rows of the user whom app.current_user_id names, and of nobody when it names
-- nobody. The panel sees everybody's while it names an active administrator. The auditor reads everything but personal
-- data. Each role has a policy of its own, so that the application's is one comparison with an indexed column. FORCE:
-- the migrator acts as the owner, and is held to the policies as well; the owner only reads, for the statistics.
--
-- Roles and their usual privileges come from provisioning; here stands what is special. Their names begin as that of the
-- database's owner does (pendscan_db_owner, pendscan_db_app). Under plain psql they may not exist, and there is nothing to
-- give or take then.

ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wallets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE investments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE kyc_applications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE kyc_documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE user_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Whoever has no policy of its own: rows of the user at hand. (SELECT …) is asked once a query, and an index is used.
CREATE POLICY users_own ON users
    USING (id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY wallets_own ON wallets
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY investments_own ON investments
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY kyc_applications_own ON kyc_applications
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY kyc_documents_own ON kyc_documents
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));
CREATE POLICY user_events_own ON user_events
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid));

-- What a user begins, a user begins at the beginning: nobody confirms a payment or approves an application of his own,
-- and nobody invests in what is not open. Restrictive, beside the policies above; administrators decide otherwise.
CREATE POLICY investments_begin ON investments AS RESTRICTIVE FOR INSERT
    WITH CHECK (status = 'pending'
                AND EXISTS (SELECT FROM assets a
                             WHERE a.id = asset_id AND a.status = 'open' AND a.min_investment <= amount)
                OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY kyc_applications_begin ON kyc_applications AS RESTRICTIVE FOR INSERT
    WITH CHECK (status = 'pending' AND priority = 3 AND risk_score IS NULL AND assigned_to IS NULL
                OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY kyc_documents_begin ON kyc_documents AS RESTRICTIVE FOR INSERT
    WITH CHECK (status = 'received' OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY users_begin ON users AS RESTRICTIVE FOR INSERT
    WITH CHECK (tier = 'bronze' AND status = 'active' OR (SELECT current_admin()) IS NOT NULL);

-- Statistics are computed as the owner, who may read and nothing more.
CREATE POLICY users_statistics ON users FOR SELECT TO CURRENT_ROLE USING (true);
CREATE POLICY wallets_statistics ON wallets FOR SELECT TO CURRENT_ROLE USING (true);
CREATE POLICY investments_statistics ON investments FOR SELECT TO CURRENT_ROLE USING (true);
CREATE POLICY kyc_applications_statistics ON kyc_applications FOR SELECT TO CURRENT_ROLE USING (true);
CREATE POLICY user_events_statistics ON user_events FOR SELECT TO CURRENT_ROLE USING (true);

-- Personal data is written by the person itself or by an administrator. Whoever may read the schema finds everybody by
-- HMAC: which columns that shows is a matter of rights, and sealed ones are shown by the functions alone, which ask.
ALTER TABLE pii.people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE pii.phone_prefixes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE pii.phone_suffixes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE pii.document_files ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY people_own ON pii.people
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
           OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY phone_prefixes_own ON pii.phone_prefixes
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
           OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY phone_suffixes_own ON pii.phone_suffixes
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
           OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY document_files_own ON pii.document_files
    USING (user_id = (SELECT nullif(current_setting('app.current_user_id', true), '')::uuid)
           OR (SELECT current_admin()) IS NOT NULL);
CREATE POLICY people_found ON pii.people FOR SELECT USING (true);
CREATE POLICY phone_prefixes_found ON pii.phone_prefixes FOR SELECT USING (true);
CREATE POLICY phone_suffixes_found ON pii.phone_suffixes FOR SELECT USING (true);
CREATE POLICY document_files_found ON pii.document_files FOR SELECT USING (true);

-- ---------------------------------------------------------------------------------------------------- search
-- Where a policy compares rows, PostgreSQL reads all of them for a search by part or by what a document holds: it does
-- not know that such a search tells nothing of hidden rows. These ask once whether an administrator asks, and then search
-- as the owner, whose policy compares nothing and leaves the indexes to use.
CREATE FUNCTION search_wallets(part text, at_most bigint DEFAULT 50) RETURNS SETOF wallets
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, public, pg_temp SET row_security = on
BEGIN ATOMIC
    SELECT w.* FROM wallets w
     WHERE (SELECT current_admin()) IS NOT NULL AND encode(w.address, 'hex') LIKE '%' || lower(part) || '%'
       AND part ~ '^[0-9a-fA-F]{3,40}$'
     LIMIT at_most;
END;
COMMENT ON FUNCTION search_wallets(text, bigint) IS
    'Wallets with these digits, three or more without 0x, anywhere in their address; for administrators (PND-7).';

CREATE FUNCTION search_users(with_metadata jsonb DEFAULT '{}', with_preferences jsonb DEFAULT '{}') RETURNS SETOF users
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp SET row_security = on
BEGIN ATOMIC
    SELECT u.* FROM users u
     WHERE (SELECT current_admin()) IS NOT NULL AND u.metadata @> with_metadata AND u.preferences @> with_preferences;
END;
COMMENT ON FUNCTION search_users(jsonb, jsonb) IS
    'Users whose metadata and preferences hold this; for administrators (PND-7).';

CREATE FUNCTION search_user_events(with_data jsonb, since timestamptz, until timestamptz) RETURNS SETOF user_events
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, public, pg_temp SET row_security = on
BEGIN ATOMIC
    SELECT e.* FROM user_events e
     WHERE (SELECT current_admin()) IS NOT NULL AND e.event_data @> with_data AND e.occurred_at >= since
       AND e.occurred_at < until;
END;
COMMENT ON FUNCTION search_user_events(jsonb, timestamptz, timestamptz) IS
    'Events of a span whose data hold this; for administrators (PND-7).';

-- ------------------------------------------------------------------------------------------------ the roles
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    suffix text;
    account name;
    relation text;
    personal CONSTANT text[] := '{users, wallets, investments, kyc_applications, kyc_documents, user_events}';
BEGIN
    -- Nobody is given the schemas of personal data and of partitions by default; services seed and verify them.
    FOREACH suffix IN ARRAY ARRAY['app', 'readonly', 'auditor', 'advisor'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('REVOKE ALL ON SCHEMA pii, partitions FROM %I', account);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA pii, partitions FROM %I', account);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pii FROM %I', account);
        EXECUTE format('REVOKE ALL ON FUNCTION retire_partitions(regclass, date) FROM %I', account);
        EXECUTE format('REVOKE ALL ON FUNCTION search_wallets(text, bigint), search_users(jsonb, jsonb), '
                       'search_user_events(jsonb, timestamptz, timestamptz) FROM %I', account);
        IF suffix <> 'app' THEN  -- Who only reads calls nothing that writes.
            EXECUTE format('REVOKE ALL ON FUNCTION ensure_partitions(date, date, regclass), ingest_block(jsonb, jsonb), '
                           'rewind_chain(bigint), refresh_statistics(text[]), set_kyc_status(uuid[], text, text) FROM %I',
                           account);
        END IF;
        IF suffix <> 'auditor' THEN
            EXECUTE format('REVOKE ALL ON admin_users, admin_actions, audit_trail, kyc_statistics FROM %I', account);
        END IF;
    END LOOP;

    account := prefix || '_auditor';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN
        FOREACH relation IN ARRAY personal LOOP
            EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO %I USING (true)', relation || '_audit', relation, account);
        END LOOP;
        EXECUTE format('GRANT USAGE ON SCHEMA pii TO %I', account);
        EXECUTE format('GRANT SELECT ON pii.access_log TO %I', account);
    END IF;

    account := prefix || '_panel';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN
        FOREACH relation IN ARRAY personal LOOP
            EXECUTE format('CREATE POLICY %I ON %I TO %I USING ((SELECT current_admin()) IS NOT NULL)',
                           relation || '_panel', relation, account);
        END LOOP;
    END IF;

    account := prefix || '_app';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN
        -- Blocks come through ingest_block() alone, statistics through refresh_statistics(), the catalogue from the panel.
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON assets, asset_categories, asset_metrics, chain_index, '
                       'blocks, transactions, network_metrics, user_events, users, wallets, investments, '
                       'kyc_applications, kyc_documents FROM %I', account);
        EXECUTE format('REVOKE ALL ON FUNCTION set_kyc_status(uuid[], text, text) FROM %I', account);
        EXECUTE format('GRANT INSERT ON network_metrics, user_events, users, wallets, investments, kyc_applications, '
                       'kyc_documents TO %I', account);
        EXECUTE format('GRANT UPDATE (preferences, last_seen_at) ON users TO %I', account);
        EXECUTE format('GRANT UPDATE (label, is_primary) ON wallets TO %I', account);
    END IF;

    account := prefix || '_service';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = account) THEN  -- Not even services change what is evidence.
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON admin_actions FROM %I', account);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_trail, pii.access_log FROM %I', account);
    END IF;
END
$$;
