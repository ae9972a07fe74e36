--- fires 1:24
create table t (a int, constraint "C" check (a > 0));
--- fine
create table t (a int, constraint c check (a > 0));
