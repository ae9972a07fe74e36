-- Takes away the watch and all that it saw.
DROP TABLE blockchain_transactions;
DROP TABLE blockchain_monitoring;
