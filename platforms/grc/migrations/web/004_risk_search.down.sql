-- caisson: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS risks_title_trigram_idx;
