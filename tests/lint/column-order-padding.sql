--- fires 1:1
create table t (a bool, b bigint, c bool, d bigint);
--- fine
create table t (b bigint, d bigint, a bool, c bool);
