-- Takes away the chain, the metrics and the events, with all months of them.
DROP FUNCTION retire_partitions(regclass, date);
DROP TABLE user_events;
DROP TABLE network_metrics;
DROP TABLE transactions;
DROP TABLE blocks;
DROP FUNCTION ensure_partitions(date, date, regclass);
DROP SCHEMA partitions;
DROP TABLE chain_index;
