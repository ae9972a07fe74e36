--- fires 1:1
alter table t add column a int;
alter table t add column b int;
--- fires 2:1
set statement_timeout = '5s';
create index i on t (a);
--- fine
set lock_timeout = '1s';
alter table t add column a int;
--- fine limits
alter table t add column a int;
--- fine
select 1;
