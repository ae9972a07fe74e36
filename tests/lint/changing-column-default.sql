--- fires 1:15
alter table t alter a set default 5;
--- fine
alter table t alter a drop default;
--- fine
alter table t add column a int;
alter table t alter a set default 5;
