--- fires 1:1
vacuum full t;
--- fires 1:1
vacuum (full, analyze) t;
--- fires 1:1
cluster t using i;
--- fine
vacuum analyze t;
--- fine
vacuum (full off) t;
