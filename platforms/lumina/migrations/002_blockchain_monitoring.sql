-- caisson: feature blockchain
-- caisson: description Wallets under watch and the transactions seen on them (LUM-5)
--
-- Applied once the manifest says features.blockchain = true. A wallet is watched on behalf of an entity, on one chain;
-- what is seen there is kept with its amount in the chain's smallest unit, where 78 digits hold any 256-bit number.

CREATE TABLE blockchain_monitoring (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id       text NOT NULL,
    aml_check_id    uuid REFERENCES aml_checks (id) ON DELETE RESTRICT,
    chain           text NOT NULL,
    wallet_address  text NOT NULL,
    status          check_status NOT NULL DEFAULT 'pending',
    risk_score      smallint,
    last_block      bigint,
    last_checked_at timestamptz,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT blockchain_monitoring_wallet_once UNIQUE (chain, wallet_address, entity_id),
    CONSTRAINT blockchain_monitoring_chain_known CHECK (chain IN ('bitcoin', 'ethereum', 'polygon', 'tron')),
    CONSTRAINT blockchain_monitoring_wallet_form CHECK (wallet_address ~ '^[^[:space:]]+$'),
    CONSTRAINT blockchain_monitoring_risk_score_range CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT blockchain_monitoring_last_block_range CHECK (last_block >= 0)
);
COMMENT ON TABLE blockchain_monitoring IS 'Wallets under watch, for whom, on which chain.';
COMMENT ON COLUMN blockchain_monitoring.id IS 'Name of the watch.';
COMMENT ON COLUMN blockchain_monitoring.entity_id IS 'Whose wallet it is.';
COMMENT ON COLUMN blockchain_monitoring.aml_check_id IS 'The screening that asked for the watch.';
COMMENT ON COLUMN blockchain_monitoring.chain IS 'bitcoin, ethereum, polygon or tron.';
COMMENT ON COLUMN blockchain_monitoring.wallet_address IS 'The wallet, as the chain writes it.';
COMMENT ON COLUMN blockchain_monitoring.status IS 'What is thought of the wallet.';
COMMENT ON COLUMN blockchain_monitoring.risk_score IS 'Risk, 0 to 100, higher is worse; empty until scored.';
COMMENT ON COLUMN blockchain_monitoring.last_block IS 'Highest block that was read.';
COMMENT ON COLUMN blockchain_monitoring.last_checked_at IS 'When the chain was last read.';
COMMENT ON COLUMN blockchain_monitoring.is_active IS 'False once the watch has ended.';
COMMENT ON COLUMN blockchain_monitoring.created_at IS 'When the watch began.';

CREATE INDEX blockchain_monitoring_entity_idx ON blockchain_monitoring (entity_id);
COMMENT ON INDEX blockchain_monitoring_entity_idx IS 'Wallets of an entity: WHERE entity_id = $1.';
CREATE INDEX blockchain_monitoring_aml_check_idx ON blockchain_monitoring (aml_check_id);
COMMENT ON INDEX blockchain_monitoring_aml_check_idx IS 'Watches of a screening; the foreign key to aml_checks.';
CREATE INDEX blockchain_monitoring_due_idx ON blockchain_monitoring (last_checked_at NULLS FIRST) WHERE is_active;
COMMENT ON INDEX blockchain_monitoring_due_idx IS
    'Which wallet to read next: WHERE is_active ORDER BY last_checked_at NULLS FIRST.';

CREATE TABLE blockchain_transactions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    monitoring_id uuid NOT NULL REFERENCES blockchain_monitoring (id) ON DELETE RESTRICT,
    hash          text NOT NULL,
    block_number  bigint NOT NULL,
    from_address  text,
    to_address    text,
    amount        numeric(78, 0) NOT NULL,
    asset         text NOT NULL,
    risk_score    smallint,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT blockchain_transactions_once UNIQUE (monitoring_id, hash, asset),
    CONSTRAINT blockchain_transactions_amount_range CHECK (amount >= 0),
    CONSTRAINT blockchain_transactions_block_range CHECK (block_number >= 0),
    CONSTRAINT blockchain_transactions_risk_score_range CHECK (risk_score BETWEEN 0 AND 100)
);
COMMENT ON TABLE blockchain_transactions IS
    'Transactions seen on watched wallets. Evidence: a watch that has some cannot be deleted, only ended.';
COMMENT ON COLUMN blockchain_transactions.id IS 'Name of the row; grows.';
COMMENT ON COLUMN blockchain_transactions.monitoring_id IS 'The watch that saw it.';
COMMENT ON COLUMN blockchain_transactions.hash IS 'The transaction, as the chain names it.';
COMMENT ON COLUMN blockchain_transactions.block_number IS 'The block it is in.';
COMMENT ON COLUMN blockchain_transactions.from_address IS 'Who paid; empty for a coinbase.';
COMMENT ON COLUMN blockchain_transactions.to_address IS 'Who was paid; empty when a contract was made.';
COMMENT ON COLUMN blockchain_transactions.amount IS 'How much, in the smallest unit of the asset.';
COMMENT ON COLUMN blockchain_transactions.asset IS 'What was moved: the coin''s symbol or the token''s contract.';
COMMENT ON COLUMN blockchain_transactions.risk_score IS 'Risk, 0 to 100, higher is worse; empty until scored.';
COMMENT ON COLUMN blockchain_transactions.occurred_at IS 'Time of the block.';
COMMENT ON COLUMN blockchain_transactions.recorded_at IS 'When we saw it.';

CREATE INDEX blockchain_transactions_monitoring_idx ON blockchain_transactions (monitoring_id, occurred_at DESC);
COMMENT ON INDEX blockchain_transactions_monitoring_idx IS
    'Latest on a wallet: WHERE monitoring_id = $1 ORDER BY occurred_at DESC.';
CREATE INDEX blockchain_transactions_hash_idx ON blockchain_transactions (hash);
COMMENT ON INDEX blockchain_transactions_hash_idx IS 'Who is touched by a transaction: WHERE hash = $1.';
CREATE INDEX blockchain_transactions_risk_score_idx ON blockchain_transactions (risk_score DESC) WHERE risk_score >= 85;
COMMENT ON INDEX blockchain_transactions_risk_score_idx IS
    'Critical ones first: WHERE risk_score >= 85 ORDER BY risk_score DESC.';
