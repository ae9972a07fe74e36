-- Takes away what is computed; what it is computed from stays.
DROP VIEW user_journeys;
DROP VIEW user_directory;
DROP FUNCTION refresh_statistics(text[]);
DROP MATERIALIZED VIEW wallet_directory;
DROP MATERIALIZED VIEW kyc_statistics;
DROP MATERIALIZED VIEW asset_statistics;
DROP MATERIALIZED VIEW network_statistics;
DROP MATERIALIZED VIEW real_time_stats;
