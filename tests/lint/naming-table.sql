--- fires 1:14
create table "Orders" (a int);
--- fires 1:1
alter table a rename to "B";
--- fine
create table orders ("A" int);
