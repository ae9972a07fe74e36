--- fires 1:15
alter table t set unlogged;
--- fires 1:15
alter table t set tablespace fast;
--- fine
alter table t set (fillfactor = 70);
--- fine
create unlogged table t (a int);
alter table t set logged;
