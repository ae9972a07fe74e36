--- fires 1:1
reindex table t;
--- fires 1:1
reindex (verbose) index s.i;
--- fires 1:1
reindex database d;
--- fires 1:1
reindex (concurrently off) index i;
--- fine
reindex table concurrently t;
--- fine
reindex (concurrently) index i;
