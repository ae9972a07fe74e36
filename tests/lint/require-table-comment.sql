--- fires 1:1
create table t (a int);
--- fine
create table t (a int);
comment on table t is 'numbers';
