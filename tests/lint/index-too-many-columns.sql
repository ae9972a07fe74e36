--- fires 1:1
create index concurrently on t (a, b, c, d);
--- fine
create index concurrently on t (a, b, c);
--- fine
create unique index concurrently on t (a, b, c, d);
