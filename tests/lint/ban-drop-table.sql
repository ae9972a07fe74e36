--- fires 1:1
DROP TABLE table_name;
--- fires 1:1
drop table if exists s.t cascade;
--- fires 1:1 1:1
drop table a, b;
--- fine
create table t (a int);
drop table t;
--- fine
create temp table t (a int);
drop table t;
--- fine down
drop table t;
--- fine
drop view t;
