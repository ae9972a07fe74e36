-- caisson: description Taking in blocks as a node gives them: hexadecimal to exact numbers, one call a block (PND-8)

CREATE FUNCTION hex_number(quantity text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
    digits text;
    number numeric := 0;
BEGIN
    IF quantity !~ '^0x[0-9a-fA-F]{1,64}$' THEN
        RAISE EXCEPTION '"%" is no quantity: expected 0x and at most 64 hexadecimal digits', left(quantity, 80)
            USING ERRCODE = 'invalid_text_representation';
    END IF;
    digits := lpad(substr(quantity, 3), 75, '0');  -- Five pieces of 15 digits: each fits into a bigint.
    FOR piece IN 0..4 LOOP
        number := number * 1152921504606846976 + ('x' || substr(digits, piece * 15 + 1, 15))::bit(60)::bigint;
    END LOOP;
    RETURN number;
END
$$;
COMMENT ON FUNCTION hex_number(text) IS
    'The number that a quantity of JSON-RPC such as 0x1b4 means, to the last of 256 bits.';

CREATE FUNCTION hex_bytes(data text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    IF data !~ '^0x([0-9a-fA-F]{2})*$' THEN
        RAISE EXCEPTION '"%" is no data: expected 0x and pairs of hexadecimal digits', left(data, 80)
            USING ERRCODE = 'invalid_text_representation';
    END IF;
    RETURN decode(substr(data, 3), 'hex');
END
$$;
COMMENT ON FUNCTION hex_bytes(text) IS 'The bytes that data of JSON-RPC such as 0xc0ffee means.';

-- One transaction, one block: it is there whole or not at all. The same block again changes nothing, so a reader that
-- was cut off begins again where it likes.
CREATE FUNCTION ingest_block(block jsonb, receipts jsonb DEFAULT '[]') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    block_number CONSTANT bigint := hex_number(block ->> 'number')::bigint;
    block_hash CONSTANT bytea := hex_bytes(block ->> 'hash');
    block_parent CONSTANT bytea := hex_bytes(block ->> 'parentHash');
    block_time CONSTANT timestamptz := to_timestamp(hex_number(block ->> 'timestamp')::bigint);
    known bytea;
BEGIN
    IF num_nulls(block_number, block_hash, block_parent, block_time, block -> 'transactions') > 0 THEN
        RAISE EXCEPTION 'this is no block: number, hash, parentHash, timestamp or transactions is missing'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Expected is the member result of eth_getBlockByNumber; null means that there is no such block.';
    END IF;
    SELECT hash INTO known FROM chain_index WHERE number = block_number FOR SHARE;
    IF known = block_hash THEN
        RETURN false;
    ELSIF known IS NOT NULL
          OR EXISTS (SELECT FROM chain_index WHERE number = block_number - 1 AND hash <> block_parent)
          OR EXISTS (SELECT FROM chain_index WHERE number = block_number + 1 AND parent_hash <> block_hash) THEN
        RAISE EXCEPTION 'block % does not fit the chain that is stored', block_number
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'chain_index_linked', TABLE = 'chain_index',
                  HINT = 'The chain was reorganised: call rewind_chain() with the first block that has changed, then go on.';
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(block -> 'transactions') AS t WHERE jsonb_typeof(t) <> 'object') THEN
        RAISE EXCEPTION 'block % names its transactions by hash only', block_number
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Ask for eth_getBlockByNumber with full transactions.';
    END IF;

    INSERT INTO chain_index (number, mined_at, hash, parent_hash)
    VALUES (block_number, block_time, block_hash, block_parent);
    INSERT INTO blocks (number, mined_at, gas_limit, gas_used, size_bytes, transaction_count, difficulty,
                        total_difficulty, base_fee, hash, miner, nonce, state_root, transactions_root, receipts_root,
                        extra_data, logs_bloom, metadata)
    SELECT block_number, block_time, hex_number(block ->> 'gasLimit')::bigint, hex_number(block ->> 'gasUsed')::bigint,
           hex_number(block ->> 'size')::bigint, jsonb_array_length(block -> 'transactions'),
           hex_number(block ->> 'difficulty'), hex_number(block ->> 'totalDifficulty'),
           hex_number(block ->> 'baseFeePerGas'), block_hash, hex_bytes(block ->> 'miner'),
           hex_bytes(block ->> 'nonce'), hex_bytes(block ->> 'stateRoot'), hex_bytes(block ->> 'transactionsRoot'),
           hex_bytes(block ->> 'receiptsRoot'), coalesce(hex_bytes(block ->> 'extraData'), ''),
           hex_bytes(block ->> 'logsBloom'),
           block - ARRAY['number', 'hash', 'parentHash', 'timestamp', 'gasLimit', 'gasUsed', 'size', 'transactions',
                         'difficulty', 'totalDifficulty', 'baseFeePerGas', 'miner', 'nonce', 'stateRoot',
                         'transactionsRoot', 'receiptsRoot', 'extraData', 'logsBloom'];
    INSERT INTO transactions (mined_at, block_number, transaction_index, gas_limit, gas_used, type, succeeded, value,
                              gas_price, max_fee, max_priority_fee, nonce, hash, from_address, to_address,
                              contract_address, input, metadata)
    SELECT block_time, block_number, hex_number(t ->> 'transactionIndex')::integer,
           hex_number(t ->> 'gas')::bigint, hex_number(r ->> 'gasUsed')::bigint,
           coalesce(hex_number(t ->> 'type'), 0)::smallint, hex_number(r ->> 'status') = 1,
           hex_number(t ->> 'value'),
           coalesce(hex_number(r ->> 'effectiveGasPrice'), hex_number(t ->> 'gasPrice')),
           hex_number(t ->> 'maxFeePerGas'), hex_number(t ->> 'maxPriorityFeePerGas'), hex_number(t ->> 'nonce'),
           hex_bytes(t ->> 'hash'), hex_bytes(t ->> 'from'), hex_bytes(t ->> 'to'),
           hex_bytes(coalesce(r ->> 'contractAddress', t ->> 'creates')), coalesce(hex_bytes(t ->> 'input'), ''),
           t - ARRAY['blockNumber', 'blockHash', 'blockTimestamp', 'transactionIndex', 'gas', 'type', 'value', 'gasPrice',
                     'maxFeePerGas', 'maxPriorityFeePerGas', 'nonce', 'hash', 'from', 'to', 'creates', 'input']
      FROM jsonb_array_elements(block -> 'transactions') AS t
      LEFT JOIN jsonb_array_elements(receipts) AS r ON r ->> 'transactionHash' = t ->> 'hash';
    RETURN true;
END
$$;
COMMENT ON FUNCTION ingest_block(jsonb, jsonb) IS
    'Takes in a block as eth_getBlockByNumber gives it with full transactions, and eth_getBlockReceipts where it is '
    'known; false when it was there. A block that does not follow its neighbours is refused.';

CREATE FUNCTION rewind_chain(first_number bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    newest CONSTANT bigint := (SELECT max(number) FROM chain_index);
    gone bigint;
BEGIN
    -- Deeper reorganisations do not happen by themselves: somebody has to look.
    IF first_number IS NULL OR newest - first_number >= 256 THEN
        RAISE EXCEPTION 'rewinding to % would take % blocks, expected at most 256', first_number, newest - first_number + 1
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM chain_index WHERE number >= first_number;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
COMMENT ON FUNCTION rewind_chain(bigint) IS
    'Forgets the newest blocks from a number on, with their transactions, at most 256, and gives how many.';
