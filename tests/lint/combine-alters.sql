--- fires 2:1
alter table t add column a int;
alter table t add column b int;
--- fine
alter table t add column a int, add column b int;
alter table u add a int;
alter table t add c int;
