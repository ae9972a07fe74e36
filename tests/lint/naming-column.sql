--- fires 1:17
create table t ("userId" int);
--- fine
create table t (userId int);
