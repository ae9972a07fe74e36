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

-- What a user begins, a user begins at the beginning: nobody confirms a payment or approves an application of his own.
-- Restrictive, and so for everybody who has no right to more than his own rows; the panel and services decide.
CREATE POLICY investments_begin ON investments AS RESTRICTIVE FOR INSERT
    WITH CHECK (status = 'pending' OR (SELECT current_admin()) IS NOT NULL);
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
        IF suffix <> 'app' THEN  -- Who only reads calls nothing that writes.
            EXECUTE format('REVOKE ALL ON FUNCTION ensure_partitions(date, date, regclass), ingest_block(jsonb, jsonb), '
                           'rewind_chain(bigint), refresh_statistics(text[]), set_kyc_status(uuid[], kyc_status, text) FROM %I',
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
        EXECUTE format('REVOKE ALL ON FUNCTION set_kyc_status(uuid[], kyc_status, text) FROM %I', account);
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
