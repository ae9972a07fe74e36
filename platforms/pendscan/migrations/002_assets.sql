-- caisson: description Assets, their metrics, investments; full-text and trigram search (PND-5, PND-15)
--
-- Money is in US dollars with two decimals; what the chain counts is in the smallest unit of the token, where 78 digits
-- hold any 256-bit number.

-- ----------------------------------------------------------------------------------------- asset_categories
CREATE TABLE asset_categories (
    code        text PRIMARY KEY,
    title       text NOT NULL,
    description text NOT NULL,
    sort_order  bigint NOT NULL,
    CONSTRAINT asset_categories_code_form CHECK (code ~ '^[a-z]+(-[a-z]+)*$')
);
COMMENT ON TABLE asset_categories IS 'Under what heading an asset is offered. Reference data: seeds/reference.';
COMMENT ON COLUMN asset_categories.code IS 'Its name in addresses and filters; part of what full-text search finds.';
COMMENT ON COLUMN asset_categories.sort_order IS 'Place in lists.';

-- --------------------------------------------------------------------------------------------------- assets
CREATE TYPE asset_type AS ENUM ('real_estate', 'private_credit', 'equity', 'fund', 'commodity', 'collectible');
COMMENT ON TYPE asset_type IS 'What a token stands for, in law.';
CREATE TYPE asset_status AS ENUM ('draft', 'open', 'funded', 'active', 'closed', 'cancelled');
COMMENT ON TYPE asset_status IS
    'draft: in preparation; open: takes investments; funded: fully subscribed; active: earning; closed: repaid; cancelled.';

CREATE TABLE assets (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at     timestamptz NOT NULL DEFAULT now(),
    opens_at       timestamptz,
    closes_at      timestamptz,
    matures_at     timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    created_by     uuid REFERENCES admin_users (id) ON DELETE RESTRICT,
    type           asset_type NOT NULL,
    status         asset_status NOT NULL DEFAULT 'draft',
    symbol         text NOT NULL,
    category       text NOT NULL REFERENCES asset_categories (code) ON DELETE RESTRICT,
    title          text NOT NULL,
    description    text NOT NULL DEFAULT '',
    min_investment numeric(20, 2) NOT NULL,
    target_amount  numeric(20, 2) NOT NULL,
    expected_roi   numeric(7, 4),
    token_address  bytea,
    token_supply   numeric(78, 0),
    token_decimals smallint,
    metadata       jsonb NOT NULL DEFAULT '{}',
    -- English, as the texts are. A category's hyphens would make it one word.
    search         tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', replace(category, '-', ' ')), 'B')
        || setweight(to_tsvector('english', description), 'C')
    ) STORED,
    CONSTRAINT assets_symbol_key UNIQUE (symbol),
    CONSTRAINT assets_token_address_key UNIQUE (token_address),
    CONSTRAINT assets_symbol_form CHECK (symbol ~ '^[A-Z0-9][A-Z0-9-]{1,31}$'),
    CONSTRAINT assets_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT assets_min_investment_range CHECK (min_investment > 0 AND min_investment <= target_amount),
    CONSTRAINT assets_expected_roi_range CHECK (expected_roi BETWEEN -100 AND 999),
    CONSTRAINT assets_token_address_length CHECK (octet_length(token_address) = 20),
    CONSTRAINT assets_token_supply_range CHECK (token_supply >= 0),
    CONSTRAINT assets_token_decimals_range CHECK (token_decimals BETWEEN 0 AND 77),
    CONSTRAINT assets_token_whole
        CHECK ((token_address IS NULL) = (token_supply IS NULL) AND (token_address IS NULL) = (token_decimals IS NULL)),
    CONSTRAINT assets_closes_after_opening CHECK (closes_at > opens_at),
    CONSTRAINT assets_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE assets IS 'What can be invested in. One that somebody has invested in cannot be deleted, only closed.';
COMMENT ON COLUMN assets.type IS 'What a token stands for, in law.';
COMMENT ON COLUMN assets.symbol IS 'Short name in lists and on the chain.';
COMMENT ON COLUMN assets.min_investment IS 'Least that somebody may invest, in US dollars.';
COMMENT ON COLUMN assets.target_amount IS 'What is raised, in US dollars.';
COMMENT ON COLUMN assets.expected_roi IS 'Return a year that is expected, in percent.';
COMMENT ON COLUMN assets.token_address IS 'Contract of its token, 20 bytes; empty until there is one.';
COMMENT ON COLUMN assets.token_supply IS 'Tokens there are, in the smallest unit.';
COMMENT ON COLUMN assets.token_decimals IS 'Decimals of the token: a whole one has 10 to this power units.';
COMMENT ON COLUMN assets.metadata IS 'Whatever else an offer has, such as documents and location. An object.';
COMMENT ON COLUMN assets.search IS 'What full-text search looks at: title before category before description.';

CREATE INDEX assets_created_at_idx ON assets (created_at DESC);
COMMENT ON INDEX assets_created_at_idx IS 'List, newest first: ORDER BY created_at DESC; filter by date.';
CREATE INDEX assets_status_idx ON assets (status, type, created_at DESC);
COMMENT ON INDEX assets_status_idx IS
    'List by state and type: WHERE status = $1 AND type = $2 ORDER BY created_at DESC.';
CREATE INDEX assets_category_idx ON assets (category, status);
COMMENT ON INDEX assets_category_idx IS
    'List of a heading: WHERE category = $1 AND status = $2; the foreign key to asset_categories.';
CREATE INDEX assets_min_investment_idx ON assets (min_investment);
COMMENT ON INDEX assets_min_investment_idx IS 'Filter by amount: WHERE min_investment BETWEEN $1 AND $2.';
CREATE INDEX assets_search_idx ON assets USING gin (status, category, search);
COMMENT ON INDEX assets_search_idx IS
    'Search within filters in one index, by btree_gin: WHERE search @@ websearch_to_tsquery(''english'', $1) [AND status '
    '= $2] [AND category = $3].';
CREATE INDEX assets_title_part_idx ON assets USING gin (title gin_trgm_ops);
COMMENT ON INDEX assets_title_part_idx IS
    'Search while typing, and with mistakes: WHERE title ILIKE ''%'' || $1 || ''%'', WHERE title % $1.';
CREATE INDEX assets_created_by_idx ON assets (created_by);
COMMENT ON INDEX assets_created_by_idx IS 'Assets that an administrator made; the foreign key to admin_users.';
CREATE INDEX idx_asset_metadata_gin ON assets USING gin (metadata);
COMMENT ON INDEX idx_asset_metadata_gin IS 'Whatever metadata holds: WHERE metadata @> $1 (PND-15).';

-- A trigger's condition may not look at a generated column, and so not at the whole row either.
CREATE FUNCTION touch_asset() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF to_jsonb(NEW) - 'search' IS DISTINCT FROM to_jsonb(OLD) - 'search' THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_asset() IS 'Keeps updated_at of assets true.';
CREATE TRIGGER assets_touched BEFORE UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION touch_asset();

-- -------------------------------------------------------------------------------------------- asset_metrics
CREATE TABLE asset_metrics (
    asset_id         uuid NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    measured_at      timestamptz NOT NULL,
    net_asset_value  numeric(20, 2) NOT NULL,
    roi              numeric(9, 4) NOT NULL,
    performance_data jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT asset_metrics_pkey PRIMARY KEY (asset_id, measured_at),
    CONSTRAINT asset_metrics_net_asset_value_range CHECK (net_asset_value >= 0),
    CONSTRAINT asset_metrics_performance_data_object CHECK (jsonb_typeof(performance_data) = 'object')
);
COMMENT ON TABLE asset_metrics IS
    'How an asset did, measurement by measurement; the latest counts. Derived from reports: it goes with its asset, '
    'which goes only while nobody has invested.';
COMMENT ON COLUMN asset_metrics.net_asset_value IS 'What the whole asset is worth, in US dollars.';
COMMENT ON COLUMN asset_metrics.roi IS 'Return since it opened, in percent.';
COMMENT ON COLUMN asset_metrics.performance_data IS
    'Figures of its own kind, such as occupancy or default rate. An object.';

CREATE INDEX idx_asset_performance_gin ON asset_metrics USING gin (performance_data);
COMMENT ON INDEX idx_asset_performance_gin IS 'Figures of a kind: WHERE performance_data @> $1 (PND-15).';
CREATE INDEX asset_metrics_measured_at_idx ON asset_metrics (measured_at DESC);
COMMENT ON INDEX asset_metrics_measured_at_idx IS 'All assets in a span: WHERE measured_at >= $1 AND measured_at < $2.';

-- ---------------------------------------------------------------------------------------------- investments
CREATE TABLE investments (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id          uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    asset_id         uuid NOT NULL REFERENCES assets (id) ON DELETE RESTRICT,
    wallet_id        uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    confirmed_at     timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    status           text NOT NULL DEFAULT 'pending',
    amount           numeric(20, 2) NOT NULL,
    token_amount     numeric(78, 0),
    transaction_hash bytea,
    metadata         jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT investments_wallet_fkey FOREIGN KEY (wallet_id, user_id)
        REFERENCES wallets (id, user_id) ON DELETE RESTRICT,
    CONSTRAINT investments_status_known CHECK (status IN ('pending', 'confirmed', 'cancelled', 'redeemed')),
    CONSTRAINT investments_amount_range CHECK (amount > 0),
    CONSTRAINT investments_token_amount_range CHECK (token_amount >= 0),
    CONSTRAINT investments_transaction_hash_length CHECK (octet_length(transaction_hash) = 32),
    CONSTRAINT investments_confirmation_dated CHECK ((status IN ('confirmed', 'redeemed')) = (confirmed_at IS NOT NULL)),
    CONSTRAINT investments_confirmed_after_creation CHECK (confirmed_at >= created_at),
    CONSTRAINT investments_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE investments IS
    'Who put how much into what. Financial evidence: never deleted, and neither is what it refers to.';
COMMENT ON COLUMN investments.wallet_id IS 'Where the tokens went: a wallet of this very user.';
COMMENT ON COLUMN investments.status IS
    'pending: payment awaited; confirmed: tokens given, counts in assets under management; cancelled; redeemed: paid back.';
COMMENT ON COLUMN investments.amount IS 'In US dollars.';
COMMENT ON COLUMN investments.token_amount IS 'Tokens, in the smallest unit.';
COMMENT ON COLUMN investments.transaction_hash IS
    'The transfer on the chain, 32 bytes. No foreign key: a block may be taken in later than the payment.';

CREATE INDEX investments_user_idx ON investments (user_id, created_at DESC);
COMMENT ON INDEX investments_user_idx IS
    'Portfolio: WHERE user_id = $1 ORDER BY created_at DESC; the foreign key to users.';
CREATE INDEX investments_asset_idx ON investments (asset_id, status);
COMMENT ON INDEX investments_asset_idx IS
    'Investors of an asset: WHERE asset_id = $1 AND status = $2; asset_statistics; the foreign key to assets.';
CREATE INDEX investments_wallet_idx ON investments (wallet_id, user_id);
COMMENT ON INDEX investments_wallet_idx IS 'What went to a wallet; the foreign key to wallets.';
CREATE INDEX investments_status_idx ON investments (status, created_at);
COMMENT ON INDEX investments_status_idx IS
    'Payments awaited, oldest first: WHERE status = ''pending'' ORDER BY created_at.';
CREATE INDEX investments_transaction_hash_idx ON investments (transaction_hash) WHERE transaction_hash IS NOT NULL;
COMMENT ON INDEX investments_transaction_hash_idx IS 'Whose transfer it is: WHERE transaction_hash = $1.';

CREATE TRIGGER investments_touched BEFORE UPDATE ON investments
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
