--- fires 2:1
alter table t add column a int;
update t set a = 1;
--- fires 3:1
begin;
alter table t add column a int;
insert into t select * from o;
commit;
--- fine apart
alter table t add column a int;
update t set a = 1;
--- fine
create table t (a int);
alter table t add b int;
update t set a = 1;
--- fine
alter table t add column a int;
insert into k values (1);
