-- caisson: description The trail is vacuumed as it grows, not once it is old
--
-- A table that is only added to is looked at too late by the server's usual thresholds: its visibility map lags, and
-- index-only scans with it. From here on every ten thousand entries, whatever the size of the table.
ALTER TABLE trail.entries SET (
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_analyze_scale_factor = 0
);
