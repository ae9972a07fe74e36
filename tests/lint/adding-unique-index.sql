--- fires 1:1
create unique index concurrently i on t (a, b);
--- fine
create index concurrently i on t (a);
--- fine
create table t (a int);
create unique index on t (a);
