-- caisson: description Sanctioned wallets and what matches AML data against them (LUM-14)
--
-- A schema of its own: lists come from outside and are replaced as a whole, and `public` keeps its seven tables.

CREATE SCHEMA sanctions;
COMMENT ON SCHEMA sanctions IS 'Sanctions lists, and functions and views that compare our data with them.';

-- Two spellings of one wallet must meet, and two wallets must not. What is hexadecimal (0x…: Ethereum and its
-- relatives) means the same in any case; capitals in it are only a checksum (EIP-55). Bech32 (bc1…) is written all small
-- or all large, never mixed (BIP-173). Base58 (Bitcoin's 1… and 3…, Tron's T…) is case-sensitive: another case is another
-- wallet, so it is left alone. COLLATE "C" keeps the index independent of the server's locale.
CREATE FUNCTION sanctions.normal_address(address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN btrim(address, E' \t\r\n') COLLATE "C" ~ '^(0[xX][0-9a-fA-F]+|bc1[02-9ac-hj-np-z]+|BC1[02-9AC-HJ-NP-Z]+)$'
    THEN lower(btrim(address, E' \t\r\n') COLLATE "C")
    ELSE btrim(address, E' \t\r\n')
END;
COMMENT ON FUNCTION sanctions.normal_address(text) IS
    'The one spelling of a wallet''s address: small letters where case means nothing, untouched where it does.';

CREATE TABLE sanctions.wallets (
    address   text PRIMARY KEY,
    source    text NOT NULL,
    listed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wallets_address_form CHECK (address ~ '^[^[:space:]]+$'),
    CONSTRAINT wallets_source_given CHECK (btrim(source) <> '')
);
COMMENT ON TABLE sanctions.wallets IS
    'Wallet addresses under sanctions, each once, as the lists write them. Compare through sanctions.match() or '
    'sanctions.normal_address().';
COMMENT ON COLUMN sanctions.wallets.address IS 'The address exactly as listed.';
COMMENT ON COLUMN sanctions.wallets.source IS
    'The list it came from. Not its currency: OFAC''s list of Bitcoin addresses holds one of Tron.';
COMMENT ON COLUMN sanctions.wallets.listed_at IS
    'When it came into this table: what was screened before has to be screened again.';

CREATE INDEX wallets_normal_address_idx ON sanctions.wallets (sanctions.normal_address(address));
COMMENT ON INDEX sanctions.wallets_normal_address_idx IS
    'Is a wallet listed, in whatever spelling: sanctions.match($1), sanctions.aml_matches.';
CREATE INDEX wallets_listed_at_idx ON sanctions.wallets (listed_at);
COMMENT ON INDEX sanctions.wallets_listed_at_idx IS 'New since the last screening: WHERE listed_at > $1.';

CREATE FUNCTION sanctions.match(address text) RETURNS SETOF sanctions.wallets
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT listed.* FROM sanctions.wallets AS listed
     WHERE sanctions.normal_address(listed.address) = sanctions.normal_address($1);
END;
COMMENT ON FUNCTION sanctions.match(text) IS
    'What the lists say of a wallet, in whatever spelling it is given; nothing when it is not listed.';

CREATE VIEW sanctions.aml_matches WITH (security_invoker = true) AS
SELECT aml.id AS aml_check_id,
       aml.entity_id,
       aml.jurisdiction,
       aml.status,
       aml.sanctions_match AS already_known,
       held.address AS wallet_address,
       listed.address AS listed_address,
       listed.source,
       listed.listed_at
  FROM public.aml_checks AS aml
 CROSS JOIN LATERAL unnest(aml.wallet_addresses) AS held (address)
  JOIN sanctions.wallets AS listed
    ON sanctions.normal_address(listed.address) = sanctions.normal_address(held.address);
COMMENT ON VIEW sanctions.aml_matches IS
    'Wallets held in AML screenings that are on a list. WHERE NOT already_known is what somebody must look at '
    'now.';

-- Everybody who may read the screenings may read the lists. Nobody but seeding (the service role) writes them: an
-- application that could shorten the list could let anyone through. Under plain psql the roles may not exist.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    suffix text;
    account name;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'service', 'readonly', 'auditor', 'advisor', 'backup'] LOOP
        account := prefix || '_' || suffix;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = account);
        EXECUTE format('GRANT USAGE ON SCHEMA sanctions TO %I', account);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA sanctions TO %I', account);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sanctions TO %I', account);
        IF suffix = 'service' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON sanctions.wallets TO %I', account);
        ELSE
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON sanctions.wallets FROM %I', account);
        END IF;
    END LOOP;
END
$$;
