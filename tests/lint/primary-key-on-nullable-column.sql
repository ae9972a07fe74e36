--- fires 1:15
create table t (a int);
--- then
alter table t add primary key (a);
--- fine
create table t (a int not null);
--- then
alter table t add primary key (a);
--- fine
alter table unknown add primary key (a);
