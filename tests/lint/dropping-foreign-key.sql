--- fires 1:15
create table t (a int references o);
--- then
alter table t drop constraint t_a_fkey;
--- fires 1:15
alter table t add constraint f foreign key (a) references o not valid;
--- then
alter table t drop constraint if exists f;
--- fine
create table t (a int check (a > 0));
--- then
alter table t drop constraint t_a_check;
