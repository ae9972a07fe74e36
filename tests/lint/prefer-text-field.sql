--- fires 1:17
create table t (a varchar(10));
--- fires 1:15
alter table t alter a type varchar(9);
--- fine
create table t (a varchar, b text);
