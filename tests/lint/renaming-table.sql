--- fires 1:1
ALTER TABLE "table_name" RENAME TO "new_table_name";
--- fine
alter view v rename to w;
--- fine
create table t (a int);
alter table t rename to u;
