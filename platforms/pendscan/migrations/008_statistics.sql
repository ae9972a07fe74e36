-- caisson: description Statistics that are refreshed while they are read, views for the admin panel (PND-5 to PND-8, PND-15)
--
-- A materialised view is as old as its last refresh, and computed_at says how old. Each has a unique index, so that
-- refresh_statistics() replaces it while others read. They are computed as the owner and hold no row of any one user.

-- ------------------------------------------------------------------------------------------- real_time_stats
-- The document joins users to investments and counts a user once for each investment; counted apart, every figure is
-- what its name says.
CREATE MATERIALIZED VIEW real_time_stats AS
SELECT 1 AS id,
       now() AS computed_at,
       u.total_users,
       u.new_users_today,
       i.total_aum,
       i.active_assets,
       i.investors,
       (SELECT count(*) FROM kyc_applications WHERE status IN ('pending', 'in_review')) AS open_applications,
       (SELECT max(number) FROM chain_index) AS latest_block,
       (SELECT max(mined_at) FROM chain_index) AS latest_block_at,
       (SELECT count(*) FROM transactions WHERE mined_at > now() - interval '24 hours') AS transactions_today
  FROM (SELECT count(*) AS total_users,
               count(*) FILTER (WHERE created_at > now() - interval '24 hours') AS new_users_today
          FROM users) AS u
 CROSS JOIN (SELECT coalesce(sum(amount), 0) AS total_aum, count(DISTINCT asset_id) AS active_assets,
                    count(DISTINCT user_id) AS investors
               FROM investments WHERE status = 'confirmed') AS i;
COMMENT ON MATERIALIZED VIEW real_time_stats IS
    'The dashboard in one row, at most five minutes old: refresh_statistics(''{real_time_stats}'') every five minutes.';
COMMENT ON COLUMN real_time_stats.id IS 'Always 1: the key by which it is refreshed while others read.';
COMMENT ON COLUMN real_time_stats.new_users_today IS 'Registered in the 24 hours before computed_at.';
COMMENT ON COLUMN real_time_stats.total_aum IS 'Assets under management: confirmed investments, in US dollars.';
COMMENT ON COLUMN real_time_stats.active_assets IS 'Assets with a confirmed investment.';
COMMENT ON COLUMN real_time_stats.transactions_today IS 'Mined in the 24 hours before computed_at.';
CREATE UNIQUE INDEX real_time_stats_key ON real_time_stats (id);
COMMENT ON INDEX real_time_stats_key IS 'REFRESH MATERIALIZED VIEW CONCURRENTLY.';

-- ---------------------------------------------------------------------------------------- network_statistics
CREATE MATERIALIZED VIEW network_statistics AS
WITH period (name) AS (
    VALUES ('day'), ('week'), ('month')
), by_block AS (
    SELECT p.name, date_trunc(p.name, b.mined_at, 'UTC') AS starts_at, count(*) AS blocks,
           sum(b.gas_used) AS gas_used, avg(b.gas_used / nullif(b.gas_limit, 0)::numeric) AS fullness,
           extract(epoch FROM max(b.mined_at) - min(b.mined_at)) / nullif(count(*) - 1, 0) AS block_seconds,
           avg(b.base_fee) AS base_fee
      FROM blocks b CROSS JOIN period p GROUP BY 1, 2
), by_transaction AS (
    SELECT p.name, date_trunc(p.name, t.mined_at, 'UTC') AS starts_at, count(*) AS transactions,
           count(*) FILTER (WHERE NOT t.succeeded) AS failed, sum(t.value) AS value, avg(t.gas_price) AS gas_price,
           count(DISTINCT t.from_address) AS senders
      FROM transactions t CROSS JOIN period p GROUP BY 1, 2
)
SELECT b.name AS period,
       b.starts_at,
       b.blocks,
       coalesce(t.transactions, 0) AS transactions,
       coalesce(t.failed, 0) AS failed_transactions,
       coalesce(t.senders, 0) AS active_senders,
       coalesce(t.value, 0)::numeric(78, 0) AS value_moved,
       b.gas_used,
       round(b.fullness, 4) AS average_fullness,
       round(b.block_seconds, 1) AS average_block_seconds,
       b.base_fee::numeric(78, 0) AS average_base_fee,
       t.gas_price::numeric(78, 0) AS average_gas_price,
       now() AS computed_at
  FROM by_block b
  LEFT JOIN by_transaction t ON t.name = b.name AND t.starts_at = b.starts_at;
COMMENT ON MATERIALIZED VIEW network_statistics IS
    'The network by day, week (from Monday) and month, in UTC: refresh_statistics(''{network_statistics}'') every hour.';
COMMENT ON COLUMN network_statistics.active_senders IS
    'Different senders in the period; those of days do not add up to weeks.';
COMMENT ON COLUMN network_statistics.value_moved IS 'In wei, to the last digit.';
COMMENT ON COLUMN network_statistics.average_fullness IS 'Part of the gas limit that was used, 0 to 1.';
CREATE UNIQUE INDEX network_statistics_key ON network_statistics (period, starts_at);
COMMENT ON INDEX network_statistics_key IS
    'A curve: WHERE period = $1 AND starts_at >= $2 ORDER BY starts_at; REFRESH MATERIALIZED VIEW CONCURRENTLY.';

-- ------------------------------------------------------------------------------------------ asset_statistics
CREATE MATERIALIZED VIEW asset_statistics AS
SELECT a.id AS asset_id,
       a.status,
       a.created_at,
       count(DISTINCT i.user_id) AS investors,
       coalesce(sum(i.amount), 0) AS total_invested,
       coalesce(round(avg(i.amount), 2), 0) AS average_investment,
       round(coalesce(sum(i.amount), 0) / a.target_amount, 4) AS funded,
       m.net_asset_value,
       coalesce(m.roi, 0) AS roi,
       m.measured_at,
       now() AS computed_at
  FROM assets a
  LEFT JOIN investments i ON i.asset_id = a.id AND i.status = 'confirmed'
  LEFT JOIN LATERAL (SELECT net_asset_value, roi, measured_at FROM asset_metrics
                      WHERE asset_id = a.id ORDER BY measured_at DESC LIMIT 1) AS m ON true
 GROUP BY a.id, m.net_asset_value, m.roi, m.measured_at;
COMMENT ON MATERIALIZED VIEW asset_statistics IS
    'What the list of assets is sorted by: refresh_statistics(''{asset_statistics}'') every five minutes.';
COMMENT ON COLUMN asset_statistics.total_invested IS 'Confirmed, in US dollars.';
COMMENT ON COLUMN asset_statistics.funded IS 'Part of the target that is invested; 1 is all.';
COMMENT ON COLUMN asset_statistics.roi IS 'Latest return in percent; 0 before the first measurement.';
CREATE UNIQUE INDEX asset_statistics_key ON asset_statistics (asset_id);
COMMENT ON INDEX asset_statistics_key IS
    'Figures of an asset: the join to assets; REFRESH MATERIALIZED VIEW CONCURRENTLY.';
CREATE INDEX asset_statistics_total_invested_idx ON asset_statistics (total_invested DESC);
COMMENT ON INDEX asset_statistics_total_invested_idx IS 'List by volume: ORDER BY total_invested DESC.';
CREATE INDEX asset_statistics_investors_idx ON asset_statistics (investors DESC);
COMMENT ON INDEX asset_statistics_investors_idx IS 'List by investors: ORDER BY investors DESC.';
CREATE INDEX asset_statistics_roi_idx ON asset_statistics (roi DESC);
COMMENT ON INDEX asset_statistics_roi_idx IS 'List by return: ORDER BY roi DESC.';

-- -------------------------------------------------------------------------------------------- kyc_statistics
CREATE MATERIALIZED VIEW kyc_statistics AS
SELECT date_trunc('month', submitted_at, 'UTC') AS month,
       level,
       count(*) AS submitted,
       count(*) FILTER (WHERE status IN ('approved', 'expired')) AS approved,
       count(*) FILTER (WHERE status = 'rejected') AS rejected,
       count(*) FILTER (WHERE decided_at IS NULL) AS undecided,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at)) / 3600)::numeric, 1)
           AS median_hours,
       round((percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at)) / 3600)::numeric, 1)
           AS ninth_decile_hours,
       round(avg(extract(epoch FROM review_started_at - submitted_at)) / 3600, 1) AS average_wait_hours,
       now() AS computed_at
  FROM kyc_applications
 GROUP BY 1, 2;
COMMENT ON MATERIALIZED VIEW kyc_statistics IS
    'How long verification takes, by month of submission and level: refresh_statistics(''{kyc_statistics}'') every hour.';
COMMENT ON COLUMN kyc_statistics.median_hours IS 'Half of the decisions took at most this long.';
COMMENT ON COLUMN kyc_statistics.ninth_decile_hours IS 'Nine in ten decisions took at most this long.';
COMMENT ON COLUMN kyc_statistics.average_wait_hours IS 'From submission until somebody took it.';
CREATE UNIQUE INDEX kyc_statistics_key ON kyc_statistics (month, level);
COMMENT ON INDEX kyc_statistics_key IS
    'A curve: WHERE level = $1 ORDER BY month; REFRESH MATERIALIZED VIEW CONCURRENTLY.';

-- ------------------------------------------------------------------------------------------ wallet_directory
-- Built from the chain alone, which everybody can read: it does not know users or wallets, so it cannot expose anybody.
CREATE MATERIALIZED VIEW wallet_directory AS
SELECT side.address,
       min(side.mined_at) AS first_seen_at,
       max(side.mined_at) AS last_seen_at,
       count(*) FILTER (WHERE side.sent) AS transactions_sent,
       count(*) FILTER (WHERE NOT side.sent) AS transactions_received,
       coalesce(sum(side.value) FILTER (WHERE side.sent), 0)::numeric(78, 0) AS value_sent,
       coalesce(sum(side.value) FILTER (WHERE NOT side.sent), 0)::numeric(78, 0) AS value_received,
       bool_or(side.is_contract) AS is_contract,
       (SELECT a.symbol FROM assets a WHERE a.token_address = side.address AND a.status <> 'draft') AS asset_symbol,
       now() AS computed_at
  FROM (SELECT from_address AS address, mined_at, true AS sent, value, false AS is_contract FROM transactions
        UNION ALL
        SELECT coalesce(to_address, contract_address), mined_at, false, value, to_address IS NULL OR input <> ''
          FROM transactions WHERE to_address IS NOT NULL OR contract_address IS NOT NULL) AS side
 GROUP BY side.address;
COMMENT ON MATERIALIZED VIEW wallet_directory IS
    'Every address of the chain and what it moved. Knows nothing of users: refresh_statistics(''{wallet_directory}'') every '
    'hour.';
COMMENT ON COLUMN wallet_directory.value_sent IS 'In wei, to the last digit; failed transactions count.';
COMMENT ON COLUMN wallet_directory.is_contract IS 'It was made by a transaction, or somebody called it with data.';
COMMENT ON COLUMN wallet_directory.asset_symbol IS 'The asset whose token has its contract here.';
CREATE UNIQUE INDEX wallet_directory_key ON wallet_directory (address);
COMMENT ON INDEX wallet_directory_key IS 'An address: WHERE address = $1; REFRESH MATERIALIZED VIEW CONCURRENTLY.';
CREATE INDEX wallet_directory_last_seen_at_idx ON wallet_directory (last_seen_at DESC);
COMMENT ON INDEX wallet_directory_last_seen_at_idx IS 'Directory, newest first: ORDER BY last_seen_at DESC LIMIT 50.';
CREATE INDEX wallet_directory_part_idx ON wallet_directory USING gin (encode(address, 'hex') gin_trgm_ops);
COMMENT ON INDEX wallet_directory_part_idx IS
    'Search by a part of an address: WHERE encode(address, ''hex'') LIKE ''%'' || $1 || ''%''.';

-- --------------------------------------------------------------------------------------------------- refresh
-- A refresh needs the owner. Whoever may call this needs no other right, and can do nothing else with it. row_security:
-- a session that wants an error in place of policies (seeding, pg_dump) gets the owner's policy all the same, which
-- shows every row (009).
CREATE FUNCTION refresh_statistics(
    only_views text[] DEFAULT '{real_time_stats, asset_statistics, kyc_statistics, network_statistics, wallet_directory}'
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = on AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY only_views LOOP
        IF NOT EXISTS (SELECT FROM pg_matviews WHERE schemaname = 'public' AND matviewname = name) THEN
            RAISE EXCEPTION 'there are no statistics "%"', name USING ERRCODE = 'undefined_table';
        END IF;
        EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY public.%I', name);
    END LOOP;
END
$$;
COMMENT ON FUNCTION refresh_statistics(text[]) IS
    'Computes statistics anew while others read them: all of them, or those named. real_time_stats and asset_statistics '
    'every five minutes, the others every hour.';

-- --------------------------------------------------------------------------- views for the admin panel
-- security_invoker: they show what the policies show to whoever asks. Grouped before they are joined: as good for one
-- user, whose id goes into each part, as for all.
CREATE VIEW user_directory WITH (security_invoker = true) AS
SELECT u.id,
       u.tier,
       u.status,
       u.country,
       u.created_at AS registered_at,
       u.last_seen_at,
       coalesce(k.status, 'none') AS compliance_status,
       k.level AS kyc_level,
       k.expires_at AS kyc_expires_at,
       w.address AS primary_wallet,
       coalesce(i.investments, 0) AS investments,
       coalesce(i.total_invested, 0) AS total_invested,
       i.last_invested_at
  FROM users u
  LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, status, level, expires_at
               FROM kyc_applications ORDER BY user_id, submitted_at DESC) AS k ON k.user_id = u.id
  LEFT JOIN wallets w ON w.user_id = u.id AND w.is_primary
  LEFT JOIN (SELECT user_id, count(*) AS investments, sum(amount) AS total_invested, max(created_at) AS last_invested_at
               FROM investments WHERE status = 'confirmed' GROUP BY user_id) AS i ON i.user_id = u.id;
COMMENT ON VIEW user_directory IS
    'Users with their compliance, wallet and investments: the directory of the admin panel and its CSV (PND-7). Names '
    'and numbers are not here: pii.reveal().';

CREATE VIEW user_journeys WITH (security_invoker = true) AS
SELECT u.id AS user_id,
       u.created_at AS registered_at,
       k.first_submitted_at,
       k.first_approved_at,
       i.first_invested_at,
       coalesce(e.events, 0) AS events,
       coalesce(e.days_active, 0) AS days_active,
       e.last_event_at,
       CASE WHEN i.first_invested_at IS NOT NULL THEN 'invested'
            WHEN k.first_approved_at IS NOT NULL THEN 'verified'
            WHEN k.first_submitted_at IS NOT NULL THEN 'applied'
            WHEN e.events > 0 THEN 'looking'
            ELSE 'registered' END AS stage
  FROM users u
  LEFT JOIN (SELECT user_id, min(submitted_at) AS first_submitted_at,
                    min(decided_at) FILTER (WHERE status IN ('approved', 'expired')) AS first_approved_at
               FROM kyc_applications GROUP BY user_id) AS k ON k.user_id = u.id
  LEFT JOIN (SELECT user_id, min(created_at) AS first_invested_at
               FROM investments WHERE status IN ('confirmed', 'redeemed') GROUP BY user_id) AS i ON i.user_id = u.id
  LEFT JOIN (SELECT user_id, count(*) AS events, count(DISTINCT date_trunc('day', occurred_at, 'UTC')) AS days_active,
                    max(occurred_at) AS last_event_at
               FROM user_events GROUP BY user_id) AS e ON e.user_id = u.id;
COMMENT ON VIEW user_journeys IS
    'How far each user came, and when: registered, looking, applied, verified, invested (PND-7). SELECT stage, count(*) '
    'is the funnel.';
