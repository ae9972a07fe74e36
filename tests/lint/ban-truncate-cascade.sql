--- fires 1:1
truncate a, b cascade;
--- fine
truncate a, b;
