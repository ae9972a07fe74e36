-- caisson: description Blocks, transactions, network metrics, user events: what grows with time (PND-8, PND-14, PND-15)
--
-- Four tables by time. Where the server has TimescaleDB they become hypertables; where not they are partitioned by
-- month, and ensure_partitions() makes the coming months. One file decides when it runs, and everything after the
-- decision (keys, indexes, comments) is the same for both.
--
-- A table that is cut by time cannot say that a block's number is unique: its key must hold the time. chain_index says
-- it, one narrow row for each block, and is where blocks and transactions hang: whoever looks for a number or a hash
-- finds the time there, and with the time the one partition.
--
-- Columns stand widest first, so that rows have no holes; long values are compressed by lz4 where the server has it.

-- ---------------------------------------------------------------------------------------------- chain_index
CREATE TABLE chain_index (
    number      bigint PRIMARY KEY,
    mined_at    timestamptz NOT NULL,
    hash        bytea NOT NULL,
    parent_hash bytea NOT NULL,
    CONSTRAINT chain_index_hash_key UNIQUE (hash),
    CONSTRAINT chain_index_block UNIQUE (number, mined_at),
    CONSTRAINT chain_index_number_range CHECK (number >= 0),
    CONSTRAINT chain_index_hash_length CHECK (octet_length(hash) = 32),
    CONSTRAINT chain_index_parent_hash_length CHECK (octet_length(parent_hash) = 32)
);
COMMENT ON TABLE chain_index IS
    'The chain as it stands: one row for each block, unique by number and by hash. A block that the chain has left goes '
    'from here, and takes its details and transactions along.';
COMMENT ON COLUMN chain_index.mined_at IS 'Time of the block; tells the partition its details are in.';
COMMENT ON INDEX chain_index_hash_key IS 'Search by block hash: WHERE hash = $1.';
COMMENT ON INDEX chain_index_block IS 'What blocks and transactions refer to: number and time together.';
CREATE INDEX chain_index_mined_at_idx ON chain_index (mined_at);
COMMENT ON INDEX chain_index_mined_at_idx IS
    'Which numbers a span of time has: WHERE mined_at >= $1 AND mined_at < $2.';

-- ------------------------------------------------------------------------------------------- the four tables
CREATE TABLE blocks (
    number            bigint NOT NULL,
    mined_at          timestamptz NOT NULL,
    gas_limit         bigint NOT NULL,
    gas_used          bigint NOT NULL,
    size_bytes        bigint,
    transaction_count bigint NOT NULL,
    difficulty        numeric(78, 0) NOT NULL,
    total_difficulty  numeric(78, 0),
    base_fee          numeric(78, 0),
    hash              bytea NOT NULL,
    miner             bytea NOT NULL,
    nonce             bytea,
    state_root        bytea,
    transactions_root bytea,
    receipts_root     bytea,
    extra_data        bytea NOT NULL DEFAULT '',
    logs_bloom        bytea,
    metadata          jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT blocks_gas_range CHECK (gas_used BETWEEN 0 AND gas_limit),
    CONSTRAINT blocks_size_bytes_range CHECK (size_bytes > 0),
    CONSTRAINT blocks_transaction_count_range CHECK (transaction_count >= 0),
    CONSTRAINT blocks_difficulty_range CHECK (difficulty >= 0 AND total_difficulty >= difficulty),
    CONSTRAINT blocks_base_fee_range CHECK (base_fee >= 0),
    CONSTRAINT blocks_lengths CHECK (
        octet_length(hash) = 32 AND octet_length(miner) = 20 AND octet_length(nonce) = 8
        AND octet_length(state_root) = 32 AND octet_length(transactions_root) = 32
        AND octet_length(receipts_root) = 32 AND octet_length(logs_bloom) = 256),
    CONSTRAINT blocks_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
) PARTITION BY RANGE (mined_at);

-- caisson: lint-ignore prefer-bigint-over-int a block holds far fewer transactions than 2^31, and rows are many
CREATE TABLE transactions (
    mined_at          timestamptz NOT NULL,
    block_number      bigint NOT NULL,
    gas_limit         bigint NOT NULL,
    gas_used          bigint,
    transaction_index integer NOT NULL,
    type              smallint NOT NULL DEFAULT 0,
    succeeded         boolean,
    value             numeric(78, 0) NOT NULL,
    gas_price         numeric(78, 0) NOT NULL,
    max_fee           numeric(78, 0),
    max_priority_fee  numeric(78, 0),
    nonce             numeric(20, 0) NOT NULL,
    hash              bytea NOT NULL,
    from_address      bytea NOT NULL,
    to_address        bytea,
    contract_address  bytea,
    input             bytea NOT NULL DEFAULT '',
    metadata          jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT transactions_index_range CHECK (transaction_index >= 0),
    CONSTRAINT transactions_gas_range CHECK (gas_limit >= 0 AND gas_used >= 0),
    CONSTRAINT transactions_type_range CHECK (type BETWEEN 0 AND 127),
    CONSTRAINT transactions_amounts_range
        CHECK (value >= 0 AND gas_price >= 0 AND max_fee >= 0 AND max_priority_fee >= 0),
    CONSTRAINT transactions_nonce_range CHECK (nonce BETWEEN 0 AND 18446744073709551615),
    CONSTRAINT transactions_lengths CHECK (
        octet_length(hash) = 32 AND octet_length(from_address) = 20 AND octet_length(to_address) = 20
        AND octet_length(contract_address) = 20),
    CONSTRAINT transactions_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
) PARTITION BY RANGE (mined_at);

CREATE TABLE network_metrics (
    measured_at  timestamptz NOT NULL,
    value        double precision NOT NULL,
    metric       text NOT NULL,
    source       text NOT NULL DEFAULT 'node',
    details      jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT network_metrics_metric_form CHECK (metric ~ '^[a-z]+(_[a-z]+)*$'),
    CONSTRAINT network_metrics_details_object CHECK (jsonb_typeof(details) = 'object')
) PARTITION BY RANGE (measured_at);

CREATE TABLE user_events (
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    event       text NOT NULL,
    event_data  jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT user_events_event_form CHECK (event ~ '^[a-z_]+(\.[a-z_]+)*$'),
    CONSTRAINT user_events_event_data_object CHECK (jsonb_typeof(event_data) = 'object')
) PARTITION BY RANGE (occurred_at);

-- ----------------------------------------------------------------------------------------------- partitions
-- A schema of their own, whose use is given to nobody: who could read a partition would read past the policies of its
-- table. With TimescaleDB it stays empty.
CREATE SCHEMA partitions;
COMMENT ON SCHEMA partitions IS
    'Months of the tables by time: <table>_YYYY_MM, and <table>_default for all other times.';

-- A row of a month that nobody made is not refused: it goes to the default partition, and comes over when its month is
-- made. The new month is made aside and attached, so that readers and writers of the other months go on.
CREATE FUNCTION ensure_partitions(
    first_day date DEFAULT CURRENT_DATE, last_day date DEFAULT (CURRENT_DATE + interval '3 months')::date,
    only_table regclass DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    parent record;
    month timestamptz;
    partition text;
    made bigint := 0;
BEGIN
    IF first_day IS NULL OR last_day IS NULL OR last_day - first_day NOT BETWEEN 0 AND 3660 THEN
        RAISE EXCEPTION 'partitions from % to %: expected a span of at most ten years', first_day, last_day
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ensure_partitions', 0));  -- Two at once would make the same month.
    FOR parent IN
        SELECT c.oid::regclass AS relation, c.relname, a.attname AS at, p.partdefid::regclass AS others
          FROM pg_partitioned_table p
          JOIN pg_class c ON c.oid = p.partrelid
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
         WHERE c.relnamespace = 'public'::regnamespace AND p.partstrat = 'r' AND a.atttypid = 'timestamptz'::regtype
           AND (only_table IS NULL OR c.oid = only_table)
         ORDER BY c.relname
    LOOP
        FOR month IN
            SELECT generate_series(date_trunc('month', first_day::timestamptz), last_day::timestamptz, '1 month')
        LOOP
            partition := format('partitions.%I', parent.relname || to_char(month, '_YYYY_MM'));
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)',
                partition, parent.relation);
            IF parent.others <> 0 THEN
                EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', parent.others);
                EXECUTE format(
                    'WITH moved AS (DELETE FROM %s WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %s SELECT * FROM moved',
                    parent.others, parent.at, month, parent.at, month + interval '1 month', partition);
            END IF;
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                           parent.relation, partition, month, month + interval '1 month');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION ensure_partitions(date, date, regclass) IS
    'Makes the months of a span for every table by time, or one of them, and gives how many: without arguments the '
    'running month and the next three. Run it monthly. Nothing to do with TimescaleDB.';

-- The decision. A template without anything that has a name of its own in the schema, so nothing collides.
DO $$
DECLARE
    part record;
    has_timescale CONSTANT boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');
    has_lz4 CONSTANT boolean := (SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression');
BEGIN
    IF has_lz4 THEN
        ALTER TABLE blocks ALTER COLUMN logs_bloom SET COMPRESSION lz4, ALTER COLUMN metadata SET COMPRESSION lz4;
        ALTER TABLE transactions ALTER COLUMN input SET COMPRESSION lz4, ALTER COLUMN metadata SET COMPRESSION lz4;
        ALTER TABLE network_metrics ALTER COLUMN details SET COMPRESSION lz4;
        ALTER TABLE user_events ALTER COLUMN event_data SET COMPRESSION lz4;
    END IF;
    FOR part IN SELECT * FROM (VALUES ('blocks', 'mined_at'), ('transactions', 'mined_at'),
                                      ('network_metrics', 'measured_at'), ('user_events', 'occurred_at')) AS t (name, at) LOOP
        IF has_timescale THEN
            EXECUTE format('ALTER TABLE %I RENAME TO time_series_template', part.name);
            EXECUTE format('CREATE TABLE %I (LIKE time_series_template INCLUDING ALL)', part.name);
            DROP TABLE time_series_template;
            PERFORM create_hypertable(part.name::regclass, part.at::name, chunk_time_interval => interval '1 month',
                                      create_default_indexes => false);
        ELSE
            EXECUTE format('CREATE TABLE partitions.%I PARTITION OF %I DEFAULT', part.name || '_default', part.name);
            -- A fixed span, so that this file makes the same whenever it runs. What was before lies in the default
            -- partition until somebody asks for its months; what comes after is made month by month.
            PERFORM ensure_partitions('2026-10-01', '2027-01-31', part.name::regclass);
        END IF;
    END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------------- blocks
ALTER TABLE blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (number, mined_at),
    ADD CONSTRAINT blocks_chain_fkey FOREIGN KEY (number, mined_at)
        REFERENCES chain_index (number, mined_at) ON DELETE CASCADE;
COMMENT ON TABLE blocks IS
    'Details of the blocks of chain_index, by time. What the chain counts is kept to the last digit.';
COMMENT ON COLUMN blocks.mined_at IS 'Time of the block, as its header says.';
COMMENT ON COLUMN blocks.difficulty IS '0 since the chain proves stake.';
COMMENT ON COLUMN blocks.base_fee IS 'Base fee for a unit of gas, in wei; empty before EIP-1559.';
COMMENT ON COLUMN blocks.miner IS 'Who was paid for the block, 20 bytes.';
COMMENT ON COLUMN blocks.nonce IS 'Proof of work, 8 bytes.';
COMMENT ON COLUMN blocks.metadata IS 'Fields of the block that have no column, as the node gave them. An object.';
CREATE INDEX blocks_mined_at_brin ON blocks USING brin (mined_at, number) WITH (pages_per_range = 32);
COMMENT ON INDEX blocks_mined_at_brin IS 'Spans within a month: WHERE mined_at >= $1 AND mined_at < $2. A few pages.';
CREATE INDEX blocks_mined_at_idx ON blocks (mined_at DESC);
COMMENT ON INDEX blocks_mined_at_idx IS 'Newest first: ORDER BY mined_at DESC LIMIT 25; network_statistics.';
CREATE INDEX blocks_miner_idx ON blocks (miner, mined_at DESC);
COMMENT ON INDEX blocks_miner_idx IS 'Blocks of a miner: WHERE miner = $1 ORDER BY mined_at DESC.';

-- ---------------------------------------------------------------------------------------------- transactions
ALTER TABLE transactions
    ADD CONSTRAINT transactions_pkey PRIMARY KEY (hash, mined_at),
    ADD CONSTRAINT transactions_place UNIQUE (block_number, mined_at, transaction_index),
    ADD CONSTRAINT transactions_chain_fkey FOREIGN KEY (block_number, mined_at)
        REFERENCES chain_index (number, mined_at) ON DELETE CASCADE;
COMMENT ON TABLE transactions IS 'Transactions of the blocks of chain_index, by time.';
COMMENT ON COLUMN transactions.mined_at IS 'Time of its block.';
COMMENT ON COLUMN transactions.transaction_index IS 'Place in its block, from 0.';
COMMENT ON COLUMN transactions.gas_used IS 'What it took; empty until its receipt is known.';
COMMENT ON COLUMN transactions.type IS
    'Kind of envelope (EIP-2718): 0 legacy, 1 access list, 2 dynamic fee, 3 blobs, 4 set code.';
COMMENT ON COLUMN transactions.succeeded IS
    'Whether it took effect; empty before Byzantium and until its receipt is known.';
COMMENT ON COLUMN transactions.value IS 'What was moved, in wei.';
COMMENT ON COLUMN transactions.gas_price IS 'What was paid for a unit of gas, in wei.';
COMMENT ON COLUMN transactions.nonce IS 'Count of its sender; up to 2^64 - 1, which bigint does not hold.';
COMMENT ON COLUMN transactions.to_address IS 'Who was called, 20 bytes; empty when a contract is made.';
COMMENT ON COLUMN transactions.contract_address IS 'The contract that was made.';
COMMENT ON COLUMN transactions.metadata IS 'Fields that have no column, as the node gave them. An object.';
COMMENT ON INDEX transactions_place IS
    'Transactions of a block: WHERE block_number = $1 AND mined_at = $2 ORDER BY transaction_index; the foreign key to '
    'chain_index.';
CREATE INDEX transactions_mined_at_brin ON transactions USING brin (mined_at, block_number) WITH (pages_per_range = 32);
COMMENT ON INDEX transactions_mined_at_brin IS
    'Spans within a month: WHERE mined_at >= $1 AND mined_at < $2. A few pages.';
CREATE INDEX transactions_from_idx ON transactions (from_address, mined_at DESC);
COMMENT ON INDEX transactions_from_idx IS
    'What an address sent: WHERE from_address = $1 ORDER BY mined_at DESC LIMIT 25.';
CREATE INDEX transactions_to_idx ON transactions (to_address, mined_at DESC);
COMMENT ON INDEX transactions_to_idx IS
    'What an address was sent: WHERE to_address = $1 ORDER BY mined_at DESC LIMIT 25.';

-- ------------------------------------------------------------------------------------------- network_metrics
ALTER TABLE network_metrics ADD CONSTRAINT network_metrics_pkey PRIMARY KEY (metric, source, measured_at);
COMMENT ON TABLE network_metrics IS
    'Measurements of the network, by time: what blocks do not tell, such as pending transactions and peers.';
COMMENT ON COLUMN network_metrics.value IS 'A measurement, not an amount: floating point is enough.';
COMMENT ON COLUMN network_metrics.metric IS 'What was measured, such as pending_transactions.';
COMMENT ON COLUMN network_metrics.source IS 'Who measured: a node, a probe.';
COMMENT ON INDEX network_metrics_pkey IS
    'A curve: WHERE metric = $1 AND source = $2 AND measured_at >= $3 ORDER BY measured_at.';
CREATE INDEX network_metrics_measured_at_brin ON network_metrics USING brin (measured_at) WITH (pages_per_range = 32);
COMMENT ON INDEX network_metrics_measured_at_brin IS
    'Everything in a span: WHERE measured_at >= $1 AND measured_at < $2.';

-- ----------------------------------------------------------------------------------------------- user_events
ALTER TABLE user_events
    ADD CONSTRAINT user_events_pkey PRIMARY KEY (id, occurred_at),
    ADD CONSTRAINT user_events_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
COMMENT ON TABLE user_events IS
    'What users did, by time: the journey and engagement analytics. No evidence: retire_partitions() takes old months.';
COMMENT ON COLUMN user_events.event IS 'What happened, such as asset.viewed.';
COMMENT ON COLUMN user_events.event_data IS 'With what. An object; no personal data.';
CREATE INDEX user_events_user_idx ON user_events (user_id, occurred_at DESC);
COMMENT ON INDEX user_events_user_idx IS
    'Journey of a user: WHERE user_id = $1 ORDER BY occurred_at; the policy; the foreign key to users.';
CREATE INDEX user_events_event_idx ON user_events (event, occurred_at DESC);
COMMENT ON INDEX user_events_event_idx IS 'How often in a span: WHERE event = $1 AND occurred_at >= $2.';
CREATE INDEX idx_user_event_data_gin ON user_events USING gin (event_data);
COMMENT ON INDEX idx_user_event_data_gin IS
    'Events about something: WHERE event_data @> $1; search_user_events() (PND-15).';
CREATE INDEX user_events_occurred_at_brin ON user_events USING brin (occurred_at) WITH (pages_per_range = 32);
COMMENT ON INDEX user_events_occurred_at_brin IS 'Everything in a span: WHERE occurred_at >= $1 AND occurred_at < $2.';

-- ------------------------------------------------------------------------------------------------- retention
-- Only what is no evidence. The caller names the day: how long something is kept is a rule, not a constant of a schema.
CREATE FUNCTION retire_partitions(relation regclass, before date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    partition regclass;
    retired bigint := 0;
BEGIN
    IF relation NOT IN ('network_metrics'::regclass, 'user_events'::regclass) THEN
        RAISE EXCEPTION '% is kept: only network_metrics and user_events are retired', relation
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RETURN (SELECT count(*) FROM drop_chunks(relation, older_than => before::timestamptz));
    END IF;
    FOR partition IN
        SELECT i.inhrelid FROM pg_inherits i
         WHERE i.inhparent = relation AND right(i.inhrelid::regclass::text, 7) ~ '^\d{4}_\d{2}$'
           AND to_date(right(i.inhrelid::regclass::text, 7), 'YYYY_MM') + interval '1 month' <= before
    LOOP
        EXECUTE format('DROP TABLE %s', partition);
        retired := retired + 1;
    END LOOP;
    RETURN retired;
END
$$;
COMMENT ON FUNCTION retire_partitions(regclass, date) IS
    'Drops the months of network_metrics or user_events that end before a day, and gives how many. For whoever applies '
    'retention; the application may not.';

-- Compression of what is old is TimescaleDB's where its licence has it. user_events stays as it is: rows under policies
-- cannot be compressed there.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
       AND current_setting('timescaledb.license', true) = 'timescale' THEN
        ALTER TABLE blocks SET (timescaledb.compress, timescaledb.compress_orderby = 'mined_at, number');
        ALTER TABLE transactions SET (timescaledb.compress, timescaledb.compress_orderby = 'mined_at, transaction_index');
        ALTER TABLE network_metrics
            SET (timescaledb.compress, timescaledb.compress_segmentby = 'metric, source',
                 timescaledb.compress_orderby = 'measured_at');
        PERFORM add_compression_policy('blocks', interval '3 months');
        PERFORM add_compression_policy('transactions', interval '3 months');
        PERFORM add_compression_policy('network_metrics', interval '1 month');
    END IF;
END
$$;
