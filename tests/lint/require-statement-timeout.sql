--- fires 1:1
alter table t add column a int;
--- fires 2:1
set lock_timeout = '5s';
drop table t;
--- fine
set local statement_timeout = '1s';
alter table t add column a int;
