--- fires 1:17 1:29
create table t (a smallint, b smallserial);
--- fine
create table t (a bigint, b int);
