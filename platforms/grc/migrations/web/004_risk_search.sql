-- caisson: description Search in the titles of risks, by parts of words in both scripts
-- caisson: no-transaction
--
-- Beside the tables' daily work, hence CONCURRENTLY, and outside a transaction. On an expression: Prisma leaves such
-- indexes alone, one on the bare column it would want to drop.
-- caisson: lint-ignore isolate-concurrent-statement said again after a failure, a comment is the same
CREATE INDEX CONCURRENTLY IF NOT EXISTS risks_title_trigram_idx ON risks USING gin (lower(title) gin_trgm_ops);
COMMENT ON INDEX risks_title_trigram_idx IS 'Search: WHERE lower(title) LIKE ''%'' || lower($1) || ''%''.';
