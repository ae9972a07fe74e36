--- fires 1:17
create table t (a money);
--- fine
create table t (money numeric);
